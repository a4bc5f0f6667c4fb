package trust

import "cel.dev/cel-go/common/ast"

// PlaceView is the workstation of a session, and what apps verify its offline proofs with, as CEL sees it.
type PlaceView struct {
	ID  string `cel:"id"`
	Key string `cel:"jkt"` // thumbprint of its agent's key when it vouched for the session (RFC 7638)
}

// placeSets are the rules by which OIDC clients learn where a session is.
var placeSets = map[string]set{"workstation": {{Name: "workstation", Value: "session.place"}}}

// needsPlace reports whether an expression speaks of the place of a session, which is looked up for nobody else.
func needsPlace(e ast.Expr) bool { return speaksOf(e, "place") }

// NeedsPlace reports whether the terms speak of the place of a session.
func (t Terms) NeedsPlace() bool { return t.have((*Clause).needsPlace) }

func (c *Clause) needsPlace() bool { return c != nil && c.Place }
