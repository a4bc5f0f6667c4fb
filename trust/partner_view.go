package trust

import (
	"fmt"
	"maps"
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"

	"github.com/lanyard-hub/lanyard/metadata"
)

// PartnerView is the partner at hand as CEL sees it: what its metadata says, for which an administrator vouched. Of a partner without
// metadata only the id is known.
type PartnerView struct {
	ID         string              `cel:"id"`
	SubjectID  string              `cel:"subject_id"` // subject-id:req: subject-id, pairwise-id, any or none; empty: not said
	Categories []string            `cel:"categories"` // its entity categories
	Attributes map[string][]string `cel:"attributes"` // its entity attributes by name, the categories among them
	Requested  []string            `cel:"requested"`  // names of the attributes that its default service asks for
	Required   []string            `cel:"required"`   // those of them that it cannot do without
}

// entityCategory is the entity attribute that holds entity categories (RFC 8409).
const entityCategory = "http://macedir.org/entity-category"

func partnerView(p Partner) PartnerView {
	v := PartnerView{ID: p.ID, Attributes: map[string][]string{}}
	if p.SAML == nil {
		return v
	}
	e := p.SAML.Entity
	maps.Copy(v.Attributes, e.Attributes)
	v.Categories = e.Attributes[entityCategory]
	if signal := e.Attributes[metadata.AttributeSubjectIDReq]; len(signal) == 1 { // exactly one (SAML Subject Identifier Attributes 1.0, 2.3)
		v.SubjectID = signal[0]
	}
	for _, a := range e.Requested {
		v.Requested = append(v.Requested, a.Name)
		if a.Required {
			v.Required = append(v.Required, a.Name)
		}
	}
	return v
}

// about is a compiler of expressions about one partner.
func (c Compiler) about(p Partner) Compiler {
	c.partner = partnerView(p)
	return c
}

// known are the options of a program that speaks of what does not change from one answer to the next: nothing else pays for it.
func (c Compiler) known(e ast.Expr) []cel.ProgramOption {
	if !needsPartner(e) {
		return nil
	}
	return []cel.ProgramOption{cel.Globals(map[string]any{"partner": c.partner})}
}

// needsPartner reports whether an expression speaks of the partner at hand.
func needsPartner(e ast.Expr) bool {
	found := false
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		found = found || e.Kind() == ast.IdentKind && e.AsIdent() == "partner"
	}))
	return found
}

// goesByMetadata reports whether an expression speaks of entity attributes.
func goesByMetadata(e ast.Expr) bool {
	return needsPartner(e) && speaksOf(e, "subject_id", "categories", "attributes")
}

func (c *Clause) goesByMetadata() bool { return c != nil && c.Metadata }

const (
	maxSaid = 10 // statements of an entity that a hint repeats, and how long each may be
	maxOne  = 120
)

// said are the entity attributes by which the terms may go, in order. Who made the metadata wrote them: a category may be a wish.
func (p Partner) said() []string {
	if p.SAML == nil || !p.Terms.have((*Clause).goesByMetadata) {
		return nil
	}
	var out []string
	for name, values := range p.SAML.Entity.Attributes {
		for _, v := range values {
			text := fmt.Sprintf("%q is %q", name, v)
			if r := []rune(text); len(r) > maxOne {
				text = string(r[:maxOne]) + "…"
			}
			out = append(out, text)
		}
	}
	slices.Sort(out)
	if len(out) > maxSaid {
		out = append(out[:maxSaid], "…")
	}
	return out
}
