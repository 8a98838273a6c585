package table

import (
	"fmt"
	"strings"
)

// Venue is a library with a kiosk.
type Venue struct {
	Name string // for people
	Slug string // in names and topics
}

// Venues are the libraries of Leicestershire that the demonstration offers.
func Venues() []Venue {
	var all []Venue
	for _, name := range []string{
		"Ashby de la Zouch", "Birstall", "Blaby", "Broughton Astley", "Coalville", "Earl Shilton", "Glenfield", "Hinckley",
		"Loughborough", "Lutterworth", "Market Harborough", "Melton Mowbray", "Oadby", "Shepshed", "Syston", "Wigston",
	} {
		all = append(all, Venue{Name: name, Slug: strings.ReplaceAll(strings.ToLower(name), " ", "-")})
	}
	return all
}

// FindVenue finds a venue by its name or its beginning, however it is written.
func FindVenue(name string) (Venue, error) {
	want := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(name)), " ", "-")
	var names []string
	for _, v := range Venues() {
		if want != "" && strings.HasPrefix(v.Slug, want) {
			return v, nil
		}
		names = append(names, v.Name)
	}
	return Venue{}, fmt.Errorf("there is no venue %q; there are %s", name, strings.Join(names, ", "))
}
