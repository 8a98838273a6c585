package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"nightdesk/agent/doctor"
	"nightdesk/agent/words"
)

const wordsHelp = `Words lists the built-in languages, and how many of their texts no person has
reviewed; with a language, the names of those texts. A borrower is offered a
language only when every text has been reviewed, unless kiosk.toml sets
screen.unreviewed.`

const reviewHelp = `Review prints a file with every text of a language beside its English, to be
read by somebody whose language it is. Behind a text that is right they write
their name and the day; one that is wrong they correct. What comes back belongs
into agent/words of the program's source, and is in its next release.`

func wordsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "words [LANG]",
		Short: "List the languages, and what in them is not reviewed",
		Long:  wordsHelp,
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return printLanguages(cmd.OutOrStdout())
			}
			return printUnreviewed(cmd.OutOrStdout(), args[0])
		},
	}
	c.AddCommand(&cobra.Command{
		Use:     "review LANG",
		Short:   "Print a language's texts beside their English, for a person who reviews them",
		Long:    reviewHelp,
		Example: "  nightdesk words review pl > pl.toml",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := known(args[0]); err != nil {
				return err
			}
			file := words.ReviewTemplate(args[0])
			if file == nil {
				return fmt.Errorf("%s is what all other languages are measured against: there is nothing to review", args[0])
			}
			_, err := cmd.OutOrStdout().Write(file)
			return err
		},
	})
	return c
}

// printLanguages has what a language calls itself at the end of the line:
// only there do wide and right-to-left letters leave the columns straight.
func printLanguages(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, l := range words.Languages() {
		how := "reviewed"
		if !l.Reviewed {
			how = fmt.Sprintf("%d texts unreviewed", len(words.Unreviewed(l.Tag)))
		}
		fmt.Fprintf(t, "%s\t%s\t%s\n", l.Tag, how, l.Endonym)
	}
	return t.Flush()
}

func printUnreviewed(w io.Writer, tag string) error {
	if err := known(tag); err != nil {
		return err
	}
	keys := words.Unreviewed(tag)
	for _, key := range keys {
		fmt.Fprintln(w, key)
	}
	_, err := fmt.Fprintf(w, "%d texts unreviewed\n", len(keys))
	return err
}

func known(tag string) error {
	if slices.ContainsFunc(words.Languages(), func(l words.Language) bool { return l.Tag == tag }) {
		return nil
	}
	return withHint(fmt.Errorf("there are no words in %q", tag), "nightdesk words lists the languages that there are")
}

// offered is which languages the screen has, and which it was to have and has not.
func (p *patient) offered() (offered []words.Language, left []doctor.LeftLanguage) {
	want := append([]string{p.cfg.Screen.Language}, p.cfg.Screen.Languages...)
	offered, _ = words.Offered(want, p.cfg.Screen.Unreviewed)
	for i, tag := range want {
		have := slices.ContainsFunc(offered, func(l words.Language) bool { return l.Tag == tag })
		if !have && !slices.Contains(want[:i], tag) {
			left = append(left, doctor.LeftLanguage{Tag: tag, Texts: toReview(tag)})
		}
	}
	return offered, left
}

// languages looks at what borrowers can read.
func (p *patient) languages() {
	r := doctor.LanguageReading{House: p.cfg.Screen.Language}
	offered, left := p.offered()
	r.Left = left
	for _, l := range offered {
		r.Offered = append(r.Offered, l.Tag)
		if !l.Reviewed {
			r.Unproven = append(r.Unproven, l.Tag)
		}
	}
	p.find(doctor.CheckLanguages(r))
}

// toReview is how many texts of a language nobody has reviewed; 0 if there are
// no words in it.
func toReview(tag string) int {
	if _, err := words.Load(tag); err != nil {
		return 0
	}
	return len(words.Unreviewed(tag))
}
