package lanyard_test

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
)

// unverified are the functions that give out what nobody signed, with the files that may use them outside of tests. A file joins
// this list only with its reason.
var unverified = map[string][]string{
	"metadata/xmlsec.AcceptVouched": {
		"trust/entity.go",          // metadata that an administrator applies by hand
		"cmd/demo/pas_response.go", // plays the partner: shows what its library has verified
	},
	"metadata/xmlsec.AcceptUnsigned": {
		"protocols/saml2/verify.go", // requests of partners that need not sign
		"protocols/saml2/selfcheck.go",
		"protocols/ticket/gpobject/read.go", // agents sign nothing but the challenge in it, which is verified
	},
	"metadata/xmlsec.ReadClaim": {
		"protocols/saml2/verify.go", // finds the keys to verify with
	},
	"trust/jose.ClaimedIssuer": {
		"protocols/oidc/authenticate.go", // finds the keys to verify with
		"bridge/agent/message.go",
	},
}

// checkUnverified finds uses of those functions anywhere else.
func (h house) checkUnverified() []string {
	var out []string
	for _, r := range h.rooms {
		for _, s := range r.production() {
			as := s.importedAs()
			inspect(s, func(n ast.Node) {
				sel, ok := n.(*ast.SelectorExpr)
				if !ok {
					return
				}
				x, ok := sel.X.(*ast.Ident)
				if !ok {
					return
				}
				name := strings.TrimPrefix(as[x.Name], module+"/") + "." + sel.Sel.Name
				if files, guarded := unverified[name]; guarded && !slices.Contains(files, s.path) {
					out = append(out, fmt.Sprintf("%s: %s gives out what nobody verified", h.at(sel.Pos()), name))
				}
			})
		}
	}
	return out
}
