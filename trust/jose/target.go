package jose

import (
	"net/url"
	"strings"
)

// sameTarget compares an htu with an address of ours, both normalised (RFC 9449, section 4.3; RFC 3986, sections 6.2.2 and 6.2.3):
// scheme and host without regard to case, the scheme's own port left out, no path is the path /. Query and fragment do not count;
// the path has to be the same, byte for byte.
func sameTarget(htu, ours string) bool {
	a, ok := bareTarget(htu)
	b, known := bareTarget(ours)
	return ok && known && a == b
}

// target is what of an address counts.
type target struct{ scheme, host, path string }

func bareTarget(raw string) (target, bool) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil {
		return target{}, false
	}
	t := target{u.Scheme, strings.ToLower(u.Host), u.EscapedPath()}
	switch t.scheme {
	case "https":
		t.host = strings.TrimSuffix(t.host, ":443")
	case "http":
		t.host = strings.TrimSuffix(t.host, ":80")
	default:
		return target{}, false
	}
	t.host = strings.TrimSuffix(t.host, ":") // an empty port is none
	if t.path == "" {
		t.path = "/"
	}
	return t, true
}
