package contract

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"nightdesk/agent/circ"
)

// What stands for what in the document. A new kind, event type or row kind in
// contract.go without a line here fails TestAsyncAPINamesEverything.
var (
	messageTypes = map[Kind]any{
		KindBatch: Batch{}, KindHello: Hello{}, KindPull: Pull{}, KindStatus: Status{}, KindHeartbeat: Heartbeat{},
		KindAck: Ack{}, KindChunk: Chunk{}, KindHead: Head{}, KindAsk: Ask{}, KindAnswer: Answer{},
	}
	eventTypes = map[EventType]any{
		LoanIssued: Loan{}, LoanRenewed: Loan{}, LoanCancelled: Loan{}, LoanReturned: Returned{}, ReturnIncomplete: Returned{},
		TagUnverified: TagNote{}, TagVerified: TagNote{}, TagChanged: TagNote{}, TagFault: TagNote{},
		RenewAsked: RenewAll{}, BorrowerTold: Told{}, StaffNotice: Notice{}, ReceiptWanted: ReceiptAsked{},
	}
	rowTypes = map[RowKind]any{
		RowItem: ItemRow{}, RowBorrower: BorrowerRow{}, RowCirc: CircRow{}, RowRules: circ.RuleBook{},
		RowCalendar: circ.Calendar{}, RowOutcome: OutcomeRow{},
	}
	partTypes = []any{
		Event{}, Row{}, TagRef{}, ReceiptLine{}, Range{}, Folded{}, Ended{}, Statement{}, circ.FeedVersion{}, circ.ClassRule{},
		circ.CategoryRule{}, circ.OfflineRule{}, circ.UnknownRule{}, circ.DayHours{}, circ.PINRule{}, Verifier{},
	}
)

// document is the part of asyncapi.yaml that the tests walk.
type document struct {
	Channels map[string]struct {
		Address  string                    `json:"address"`
		Messages map[string]map[string]any `json:"messages"`
	} `json:"channels"`
	Operations map[string]struct {
		Action  string
		Channel struct {
			Ref string `json:"$ref"`
		}
		Bindings struct {
			MQTT struct {
				QoS    byte
				Retain bool
			}
		}
	} `json:"operations"`
	Components struct {
		Messages map[Kind]struct {
			ContentType string `json:"contentType"`
			Payload     struct {
				Ref string `json:"$ref"`
			} `json:"payload"`
			Examples []struct {
				Name    string
				Payload json.RawMessage
			} `json:"examples"`
		} `json:"messages"`
		Schemas map[string]schema `json:"schemas"`
	} `json:"components"`
}

type schema struct {
	Properties map[string]json.RawMessage `json:"properties"`
	Required   []string                   `json:"required"`
	Examples   []json.RawMessage          `json:"examples"`
	AllOf      []struct {
		Ref string `json:"$ref"`
		If  struct {
			Properties map[string]struct {
				Const string
			}
		}
		Then struct {
			Properties map[string]struct {
				Ref string `json:"$ref"`
			}
		}
	} `json:"allOf"`
}

func readDocument(t *testing.T) (document, *jsonschema.Compiler) {
	t.Helper()
	text, err := os.ReadFile("asyncapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := yaml.Unmarshal(text, &tree); err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	var d document
	if err := json.Unmarshal(asJSON, &d); err != nil {
		t.Fatal(err)
	}
	resource, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("asyncapi.json", resource); err != nil {
		t.Fatal(err)
	}
	return d, compiler
}

func schemaOf(ref string) string { return strings.TrimPrefix(ref, "#/components/schemas/") }

// validate checks a JSON text against a schema of the document.
func validate(t *testing.T, c *jsonschema.Compiler, name string, text []byte) {
	t.Helper()
	s, err := c.Compile("asyncapi.json#/components/schemas/" + name)
	if err != nil {
		t.Fatalf("schema %s: %v", name, err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(value); err != nil {
		t.Errorf("%s is not a %s: %v", text, name, err)
	}
}

func TestAsyncAPIChannelsAreTheTopicTable(t *testing.T) {
	d, _ := readDocument(t)
	type line struct {
		Address, Action string
		QoS             byte
		Retain          bool
		Kinds           []Kind
	}
	var got, want []line
	for _, op := range d.Operations {
		ch, ok := d.Channels[strings.TrimPrefix(op.Channel.Ref, "#/channels/")]
		if !ok {
			t.Fatalf("operation on %s: no such channel", op.Channel.Ref)
		}
		var kinds []Kind
		for _, name := range slices.Sorted(maps.Keys(ch.Messages)) {
			kinds = append(kinds, Kind(name))
			if ref := ch.Messages[name]["$ref"]; ref != "#/components/messages/"+name {
				t.Errorf("%s: message %s refers to %v", ch.Address, name, ref)
			}
		}
		got = append(got, line{ch.Address, op.Action, op.Bindings.MQTT.QoS, op.Bindings.MQTT.Retain, kinds})
	}
	for _, c := range Channels() {
		action := "receive"
		if strings.HasPrefix(c.Name, "up/") {
			action = "send"
		}
		want = append(want, line{c.Address, action, c.QoS, c.Retain, c.Kinds})
	}
	byAddress := func(a, b line) int { return strings.Compare(a.Address, b.Address) }
	slices.SortFunc(got, byAddress)
	slices.SortFunc(want, byAddress)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("topic table (-) and asyncapi.yaml (+) differ:\n%s", diff)
	}
	if len(d.Channels) != len(want) {
		t.Errorf("got %d channels, want %d", len(d.Channels), len(want))
	}
}

// constants lists the values of contract.go's constants of a type.
func constants(t *testing.T, typeName string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "contract.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if id, ok := spec.Type.(*ast.Ident); ok && id.Name == typeName {
			v, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, v)
		}
		return true
	})
	slices.Sort(values)
	if len(values) == 0 {
		t.Fatalf("contract.go has no constants of type %s", typeName)
	}
	return values
}

func names[K ~string, V any](m map[K]V) []string {
	var out []string
	for k := range m {
		out = append(out, string(k))
	}
	slices.Sort(out)
	return out
}

// switched lists the constants that a schema's "if" clauses name, with the
// schema that each of them leads to.
func switched(s schema, key string) map[string]string {
	out := map[string]string{}
	for _, clause := range s.AllOf {
		out[clause.If.Properties[key].Const] = schemaOf(clause.Then.Properties["d"].Ref)
	}
	return out
}

func TestAsyncAPINamesEverything(t *testing.T) {
	d, _ := readDocument(t)
	events, rows := switched(d.Components.Schemas["Event"], "t"), switched(d.Components.Schemas["Row"], "e")
	for _, c := range []struct {
		what           string
		doc, test, src []string
	}{
		{"kinds", names(d.Components.Messages), names(messageTypes), constants(t, "Kind")},
		{"event types", names(events), names(eventTypes), constants(t, "EventType")},
		{"row kinds", names(rows), names(rowTypes), constants(t, "RowKind")},
	} {
		if diff := cmp.Diff(c.src, c.doc); diff != "" {
			t.Errorf("%s: contract.go (-) and asyncapi.yaml (+) differ:\n%s", c.what, diff)
		}
		if diff := cmp.Diff(c.src, c.test); diff != "" {
			t.Errorf("%s: contract.go (-) and this test's table (+) differ:\n%s", c.what, diff)
		}
	}
	for k, v := range eventTypes {
		if got, want := events[string(k)], reflect.TypeOf(v).Name(); got != want {
			t.Errorf("data of %s: got schema %s, want %s", k, got, want)
		}
	}
	for k, v := range rowTypes {
		if got, want := rows[string(k)], reflect.TypeOf(v).Name(); got != want {
			t.Errorf("data of row %s: got schema %s, want %s", k, got, want)
		}
	}
}

func allTypes() []any {
	out := slices.Clone(partTypes)
	out = slices.AppendSeq(out, maps.Values(messageTypes))
	out = slices.AppendSeq(out, maps.Values(eventTypes))
	return slices.AppendSeq(out, maps.Values(rowTypes))
}

// fields lists a struct's JSON fields and those that are never left out.
// An embedded Statement stands in the document as an allOf.
func fields(typ reflect.Type) (all, required []string) {
	for f := range typ.Fields() {
		if f.Anonymous {
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		all = append(all, name)
		if options == "" {
			required = append(required, name)
		}
	}
	slices.Sort(all)
	slices.Sort(required)
	return all, required
}

func TestAsyncAPISchemasHaveTheFieldsOfTheTypes(t *testing.T) {
	d, _ := readDocument(t)
	for _, v := range allTypes() {
		typ := reflect.TypeOf(v)
		s, ok := d.Components.Schemas[typ.Name()]
		if !ok {
			t.Errorf("%s has no schema", typ.Name())
			continue
		}
		all, required := fields(typ)
		slices.Sort(s.Required)
		if diff := cmp.Diff(all, slices.Sorted(maps.Keys(s.Properties))); diff != "" {
			t.Errorf("%s: fields of the type (-) and of the schema (+) differ:\n%s", typ.Name(), diff)
		}
		if diff := cmp.Diff(required, s.Required); diff != "" {
			t.Errorf("%s: fields never left out (-) and required ones (+) differ:\n%s", typ.Name(), diff)
		}
		if f, ok := typ.FieldByName("Statement"); ok && f.Anonymous && (len(s.AllOf) != 1 || schemaOf(s.AllOf[0].Ref) != "Statement") {
			t.Errorf("%s: the schema does not begin as a Statement", typ.Name())
		}
	}
}

// roundTrip decodes a text strictly as v's type and compares what it encodes
// to with the text, as JSON values. It returns the decoded value.
func roundTrip(t *testing.T, text []byte, v any) any {
	t.Helper()
	into := reflect.New(reflect.TypeOf(v))
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into.Interface()); err != nil {
		t.Errorf("%s as %T: %v", text, v, err)
		return nil
	}
	again, err := marshal(into.Interface())
	if err != nil {
		t.Fatal(err)
	}
	var got, want any
	if err := json.Unmarshal(again, &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%T: example (-) and its encoding (+) differ:\n%s", v, diff)
	}
	return into.Elem().Interface()
}

func TestAsyncAPIExamples(t *testing.T) {
	d, c := readDocument(t)
	for kind, v := range messageTypes {
		m := d.Components.Messages[kind]
		name := schemaOf(m.Payload.Ref)
		if name != reflect.TypeOf(v).Name() || len(m.Examples) == 0 {
			t.Errorf("message %s: schema %s, %d examples", kind, name, len(m.Examples))
		}
		if want := typePrefix + string(kind) + typePlain; m.ContentType != want {
			t.Errorf("message %s: got content type %s, want %s", kind, m.ContentType, want)
		}
		for _, e := range m.Examples {
			validate(t, c, name, e.Payload)
			if msg := roundTrip(t, e.Payload, v); msg != nil {
				if err := check(kind, msg); err != nil {
					t.Errorf("message %s, %s: %v", kind, e.Name, err)
				}
			}
		}
	}
	for _, v := range slices.AppendSeq(slices.Collect(maps.Values(eventTypes)), maps.Values(rowTypes)) {
		name := reflect.TypeOf(v).Name()
		if len(d.Components.Schemas[name].Examples) == 0 {
			t.Errorf("%s has no example", name)
		}
		for _, e := range d.Components.Schemas[name].Examples {
			validate(t, c, name, e)
			roundTrip(t, e, v)
		}
	}
}

func TestAsyncAPISchemasTakeWhatGoEncodes(t *testing.T) {
	_, c := readDocument(t)
	for kind, v := range messages(t) {
		msg, err := encodeAny(kind, v)
		if err != nil {
			t.Fatal(err)
		}
		validate(t, c, "Envelope", msg)
		payload, err := Open(kind, msg, testKey.Public().(ed25519.PublicKey))
		if err != nil {
			t.Fatal(err)
		}
		validate(t, c, reflect.TypeOf(v).Name(), payload)
	}
}
