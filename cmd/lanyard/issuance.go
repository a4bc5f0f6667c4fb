package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// explained is an issuance as `policy explain --json` prints it.
type explained struct {
	Subject    string              `json:"subject"`
	Kind       string              `json:"kind"`
	Attributes []explainedValue    `json:"attributes"`
	Withheld   []explainedWithheld `json:"withheld"`
}

type explainedValue struct {
	Name     string `json:"name"`
	Friendly string `json:"friendly,omitempty"`
	Values   []any  `json:"values"`
	Rule     string `json:"rule"`
}

type explainedWithheld struct {
	Name string `json:"name"`
	Why  string `json:"why"`
	Rule string `json:"rule"`
}

// named is by what name the partner knows the person; empty if its terms say none.
func named(iss bridge.Issuance) string {
	if iss.SubjectKind == trust.SubjectNone {
		return ""
	}
	return iss.Subject
}

func printIssuanceJSON(out io.Writer, iss bridge.Issuance) error {
	e := explained{Subject: named(iss), Kind: string(iss.SubjectKind), Attributes: []explainedValue{}, Withheld: []explainedWithheld{}}
	for _, a := range iss.Attributes {
		e.Attributes = append(e.Attributes, explainedValue{a.Name, a.Friendly, a.Values, a.Rule})
	}
	for _, x := range iss.Withheld {
		e.Withheld = append(e.Withheld, explainedWithheld{x.Name, x.Why, x.Rule})
	}
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	return enc.Encode(e)
}

// widest is how much of a name or a value a line of the table shows, in characters.
const widest = 56

// printIssuance prints one line for each value. What is structured is printed as JSON; what is long is cut, and
// then the last line says so.
func printIssuance(out io.Writer, iss bridge.Issuance) error {
	cut := false
	short := func(s string) string {
		if r := []rune(s); len(r) > widest {
			cut = true
			return string(r[:widest-1]) + "…"
		}
		return s
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "SUBJECT\t%s\t%s\n\n", named(iss), iss.SubjectKind)
	fmt.Fprintln(w, "ATTRIBUTE\tVALUE\tBY")
	for _, a := range iss.Attributes {
		name := a.Name
		if a.Friendly != "" {
			name = a.Friendly + " " + a.Name
		}
		name, rule := short(name), a.Rule
		for _, v := range a.Values {
			for _, line := range readable(v) {
				fmt.Fprintf(w, "%s\t%s\t%s\n", name, short(line), rule)
				name, rule = "", ""
			}
		}
	}
	for _, x := range iss.Withheld {
		fmt.Fprintf(w, "%s\t%s\t%s\n", short(x.Name), short("withheld: "+x.Why), x.Rule)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if cut {
		fmt.Fprintln(out, "\nWhat is cut (…) is printed whole with --json.")
	}
	return nil
}

// readable is a value line by line: one line, but for effective activities, which say one by one why they are there.
func readable(v any) []string {
	m, ok := v.(map[string]any)
	activities, listed := m["activities"].([]any)
	if computed, _ := m["computed"].(bool); !ok || !listed || !computed {
		return []string{oneLine(v)}
	}
	out := []string{fmt.Sprintf("computed for %v, %v:", m["person_roleid"], m["role_code"])}
	for _, a := range activities {
		a, _ := a.(map[string]any)
		why := fmt.Sprint(a["source"])
		if via, ok := a["via"]; ok {
			why += fmt.Sprintf(" by %v", via)
		}
		name, _ := a["activity"].(string)
		if name != "" {
			why += ", " + name
		}
		out = append(out, fmt.Sprintf("%v %s", a["activity_code"], why))
	}
	return out
}

// oneLine is a value as it is read most easily: a text as it is, anything else as compact JSON.
func oneLine(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return string(bytes.TrimSpace(b.Bytes()))
}
