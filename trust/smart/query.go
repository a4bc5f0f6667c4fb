package smart

import (
	"fmt"
	"slices"
	"strings"
)

// parseQuery reads the search parameters of a scope into their canonical order.
func parseQuery(text string) ([]string, error) {
	parts := strings.Split(text, "&")
	for _, part := range parts {
		name, value, ok := strings.Cut(part, "=")
		switch {
		case !ok || value == "" || !parameterName(name) || strings.ContainsFunc(value, func(r rune) bool { return !scopeCharacter(r) }):
			return nil, fmt.Errorf("%w: a search parameter is a name, = and a value", ErrScope)
		case slices.Contains(answering[:], name):
			return nil, fmt.Errorf("%w: %s narrows nothing", ErrScope, name)
		}
	}
	slices.Sort(parts)
	parts = slices.Compact(parts)
	if len(parts) > maxQuery {
		return nil, fmt.Errorf("%w: it has more than %d search parameters", ErrScope, maxQuery)
	}
	return parts, nil
}

// answering are search parameters that say how a search is answered, and not what is found (FHIR R4, search, 3.1.1.4). Some of them
// would add to it.
var answering = [...]string{
	"_include", "_include:iterate", "_revinclude", "_revinclude:iterate", "_sort", "_count", "_total", "_summary", "_elements", "_contained", "_containedType", "_score", "_format", "_pretty",
}

// parameterName takes names with modifiers and chains, such as code:in and subject:Patient.name.
func parameterName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("_-:.", r)
	})
}

// scopeCharacter is RFC 6749, section 3.3, without what would end the value.
func scopeCharacter(r rune) bool {
	return r >= '!' && r <= '~' && r != '"' && r != '\\' && r != '&' && r != '#'
}
