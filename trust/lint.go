package trust

import (
	"time"

	"github.com/lanyard-hub/lanyard/metadata"
)

// Lint looks at the metadata as the terms permit it to be.
func (t *SAMLTerms) Lint(now time.Time, options ...metadata.LintOption) []metadata.Finding {
	if t.AllowPlainEntityID {
		options = append(options, metadata.PlainID)
	}
	out := metadata.Lint(t.Entity, now, options...)
	if sp := t.Entity.SP; t.RequestsSigned && sp != nil && len(sp.SigningKeys) == 0 && !sp.AuthnRequestsSigned {
		out = append(out, metadata.Finding{Severity: metadata.Warning, Code: "no_signing_key", Message: "requests must be signed, and there is no key to verify them with: they will be refused"})
	}
	return out
}
