package saml2

import (
	"slices"

	"github.com/lanyard-hub/lanyard/bridge"
)

// Authentication context classes that are known here (SAML Authentication Context 2.0; REFEDS MFA 1.2; NIST SP 800-63 as
// published by idmanagement.gov).
const (
	classUnspecified  = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"
	classSmartcardPKI = "urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI"
	classX509         = "urn:oasis:names:tc:SAML:2.0:ac:classes:X509"
	classTLSClient    = "urn:oasis:names:tc:SAML:2.0:ac:classes:TLSClient"
	classMFA          = "https://refeds.org/profile/mfa"
	classAAL1         = "http://idmanagement.gov/ns/assurance/aal/1"
	classAAL2         = "http://idmanagement.gov/ns/assurance/aal/2"
	classAAL3         = "http://idmanagement.gov/ns/assurance/aal/3"
)

// never is a level that no authentication reaches.
const never bridge.Assurance = 99

// class says what a class reference means here.
type class struct {
	level  bridge.Assurance // where it stands in the order of minimum, maximum and better
	method bridge.Method    // empty: any that reaches the level
	never  bool             // ranked, but not something that happens here
}

// classOf knows the classes that can be ranked. A password never signs anybody in here; it only has its place in the order.
func classOf(ref string) (class, bool) {
	switch ref {
	case classSmartcardPKI, classX509, classTLSClient:
		return class{level: 3, method: bridge.MethodSmartcard}, true
	case classAAL3:
		return class{level: 3}, true
	case classMFA, classAAL2, "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract",
		"urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken":
		return class{level: 2, never: ref != classMFA && ref != classAAL2}, true
	case classAAL1:
		return class{level: 1}, true
	case "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport", "urn:oasis:names:tc:SAML:2.0:ac:classes:Password",
		"https://refeds.org/profile/sfa":
		return class{level: 1, never: true}, true
	}
	return class{}, false
}

// contexts turns what was asked into what the bridge compares (SAML Core 3.3.2.2.1). What cannot be met becomes a context
// that nothing satisfies, so that the request is refused rather than the wish ignored.
func contexts(asked *requestedContext) []bridge.AuthnContext {
	if asked == nil {
		return nil
	}
	if asked.Declarations {
		return []bridge.AuthnContext{{Class: "declaration", Min: never}}
	}
	if asked.Comparison != "exact" {
		return []bridge.AuthnContext{compared(asked)}
	}
	out := make([]bridge.AuthnContext, 0, len(asked.Classes))
	for _, ref := range asked.Classes {
		c, known := classOf(ref)
		switch {
		case ref == classUnspecified:
			out = append(out, bridge.AuthnContext{Class: classUnspecified})
		case !known || c.never:
			out = append(out, bridge.AuthnContext{Class: ref, Min: never})
		default:
			out = append(out, bridge.AuthnContext{Class: ref, Min: c.level, Method: c.method})
		}
	}
	return out
}

// compared answers minimum, maximum and better by level. The class of the answer is then what really happened.
func compared(asked *requestedContext) bridge.AuthnContext {
	levels := make([]bridge.Assurance, 0, len(asked.Classes))
	for _, ref := range asked.Classes {
		if c, known := classOf(ref); known {
			levels = append(levels, c.level)
		} else if ref == classUnspecified {
			levels = append(levels, 0)
		}
	}
	none := bridge.AuthnContext{Class: classUnspecified, Min: never}
	if len(levels) == 0 {
		return none
	}
	out := bridge.AuthnContext{Class: classUnspecified}
	switch asked.Comparison {
	case "minimum": // at least as strong as one of them
		out.Min = slices.Min(levels)
	case "better": // stronger than any one of them
		if len(levels) < len(asked.Classes) {
			return none
		}
		out.Min = slices.Max(levels) + 1
	case "maximum": // as strong as possible without passing at least one of them
		out.Max = slices.Max(levels)
		if out.Max == 0 {
			return none
		}
	}
	return out
}

// stated is the class that an assertion names: the asked one, or what the authentication was.
func stated(iss bridge.Issuance) string {
	switch {
	case iss.Class != "" && iss.Class != classUnspecified:
		return iss.Class
	case iss.Method == bridge.MethodSmartcard:
		return classSmartcardPKI
	case iss.Assurance >= 3:
		return classAAL3
	case iss.Assurance == 2:
		return classMFA
	}
	return classUnspecified
}
