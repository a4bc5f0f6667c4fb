package proxyproto

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

// v2 is a header of version 2.
func v2(command, family byte, rest string) string {
	return signature + string([]byte{command, family, byte(len(rest) >> 8), byte(len(rest))}) + rest
}

const (
	four = "\xc0\x00\x02\x07\x0a\x01\x01\x01\x1f\x90\x01\xbb"
	six  = "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x07" + "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01" + "\x1f\x90\x01\xbb"
	// ssl is a TLV that says that the client showed a certificate with the name evil.
	ssl = "\x20\x00\x0c\x07\x00\x00\x00\x00\x22\x00\x04evil"
)

// TestRead has every shape of the specification, and what only looks like one.
func TestRead(t *testing.T) {
	const bad = "refused"
	for name, c := range map[string]struct{ sent, want string }{
		"v1 IPv4":                      {"PROXY TCP4 192.0.2.7 10.1.1.1 8080 443\r\n", "192.0.2.7:8080"},
		"v1 IPv6":                      {"PROXY TCP6 2001:db8::7 2001:db8::1 8080 443\r\n", "[2001:db8::7]:8080"},
		"v1 IPv4 in IPv6":              {"PROXY TCP6 ::ffff:192.0.2.7 ::ffff:10.1.1.1 8080 443\r\n", "192.0.2.7:8080"},
		"v1 longest":                   {"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n", bad}, // ffff::/8 is multicast
		"v1 unknown":                   {"PROXY UNKNOWN\r\n", ""},
		"v1 unknown, with more":        {"PROXY UNKNOWN ffff::1 evil\r\n", ""},
		"v1 unknown, nearly":           {"PROXY UNKNOWNS\r\n", bad},
		"v1 lower case":                {"proxy TCP4 192.0.2.7 10.1.1.1 8080 443\r\n", bad},
		"v1 family lower case":         {"PROXY tcp4 192.0.2.7 10.1.1.1 8080 443\r\n", bad},
		"v1 UDP":                       {"PROXY UDP4 192.0.2.7 10.1.1.1 8080 443\r\n", bad},
		"v1 family and address differ": {"PROXY TCP4 2001:db8::7 10.1.1.1 8080 443\r\n", bad},
		"v1 destination differs":       {"PROXY TCP4 192.0.2.7 2001:db8::1 8080 443\r\n", bad},
		"v1 zone":                      {"PROXY TCP6 fe80::7%eth0 2001:db8::1 8080 443\r\n", bad},
		"v1 octal":                     {"PROXY TCP4 192.0.2.007 10.1.1.1 8080 443\r\n", bad},
		"v1 port with zero":            {"PROXY TCP4 192.0.2.7 10.1.1.1 08080 443\r\n", bad},
		"v1 port with sign":            {"PROXY TCP4 192.0.2.7 10.1.1.1 +8080 443\r\n", bad},
		"v1 port 0":                    {"PROXY TCP4 192.0.2.7 10.1.1.1 0 443\r\n", bad},
		"v1 port too large":            {"PROXY TCP4 192.0.2.7 10.1.1.1 65536 443\r\n", bad},
		"v1 two spaces":                {"PROXY TCP4  192.0.2.7 10.1.1.1 8080 443\r\n", bad},
		"v1 tab":                       {"PROXY TCP4\t192.0.2.7 10.1.1.1 8080 443\r\n", bad},
		"v1 a field more":              {"PROXY TCP4 192.0.2.7 10.1.1.1 8080 443 evil\r\n", bad},
		"v1 LF alone":                  {"PROXY TCP4 192.0.2.7 10.1.1.1 8080 443\n", bad},
		"v1 no end":                    {"PROXY UNKNOWN" + strings.Repeat(" ", 200) + "\r\n", bad},
		"v1 nobody's address":          {"PROXY TCP4 0.0.0.0 10.1.1.1 8080 443\r\n", bad},
		"v2 IPv4":                      {v2(0x21, 0x11, four), "192.0.2.7:8080"},
		"v2 IPv6":                      {v2(0x21, 0x21, six), "[2001:db8::7]:8080"},
		"v2 with TLVs":                 {v2(0x21, 0x11, four+ssl), "192.0.2.7:8080"},
		"v2 with rubbish for TLVs":     {v2(0x21, 0x11, four+"\xff\xff\xff"), "192.0.2.7:8080"},
		"v2 local":                     {v2(0x20, 0x00, ""), ""},
		"v2 local with addresses":      {v2(0x20, 0x11, four), ""},
		"v2 unspecified":               {v2(0x21, 0x00, four), ""},
		"v2 unix":                      {v2(0x21, 0x31, strings.Repeat("x", 216)), ""},
		"v2 UDP":                       {v2(0x21, 0x12, four), bad},
		"v2 short":                     {v2(0x21, 0x21, four), bad},
		"v2 empty":                     {v2(0x21, 0x11, ""), bad},
		"v2 version 1":                 {v2(0x11, 0x11, four), bad},
		"v2 version 3":                 {v2(0x31, 0x11, four), bad},
		"v2 command 2":                 {v2(0x22, 0x11, four), bad},
		"v2 too long":                  {v2(0x21, 0x11, four+strings.Repeat("x", maxRest)), bad},
		"v2 multicast":                 {v2(0x21, 0x11, "\xe0\x00\x00\x01"+four[4:]), bad},
		"TLS":                          {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03rest of it", bad},
		"HTTP":                         {"GET / HTTP/1.1\r\nHost: sso.example\r\n\r\n", bad},
	} {
		t.Run(name, func(t *testing.T) {
			const after = "\x16\x03\x01"
			r := strings.NewReader(c.sent + after)
			h, err := Read(r)
			if c.want == bad {
				if !errors.Is(err, ErrHeader) || h.Source.IsValid() {
					t.Fatalf("%v %v", h, err)
				}
				return
			}
			got := ""
			if h.Source.IsValid() {
				got = h.Source.String()
			}
			rest, _ := io.ReadAll(r) // of a string
			if err != nil || got != c.want || string(rest) != after {
				t.Errorf("%q %v, and %q left", got, err, rest)
			}
		})
	}
}

// TestReadShort: at every place where a header may break off, that is the reader's error.
func TestReadShort(t *testing.T) {
	for _, whole := range []string{"PROXY TCP4 192.0.2.7 10.1.1.1 8080 443\r\n", v2(0x21, 0x21, six+ssl)} {
		for n := range len(whole) {
			if _, err := Read(strings.NewReader(whole[:n])); !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%d bytes: %v", n, err)
			}
		}
	}
}

// FuzzRead: whatever is sent, reading takes a header and no more, and no client without an address comes out.
func FuzzRead(f *testing.F) {
	for _, s := range []string{
		"PROXY TCP4 192.0.2.7 10.1.1.1 8080 443\r\nGET", "PROXY TCP6 2001:db8::7 2001:db8::1 8080 443\r\n", "PROXY UNKNOWN x\r\n",
		v2(0x21, 0x11, four+ssl) + "rest", v2(0x21, 0x21, six), v2(0x20, 0, ""), v2(0x21, 0x31, strings.Repeat("x", 216)),
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		r := bytes.NewReader(sent)
		h, err := Read(r)
		taken := len(sent) - r.Len()
		switch {
		case taken > len(signature)+4+maxRest:
			t.Fatalf("%d bytes taken", taken)
		case err != nil:
			if h.Source.IsValid() {
				t.Fatal("a client beside an error")
			}
		case h.Source.IsValid() && (h.Source.Addr().IsUnspecified() || h.Source.Addr().Is4In6() || h.Source.Addr().Zone() != ""):
			t.Fatalf("client %s", h.Source)
		}
		if err != nil {
			return
		}
		again, err := Read(bytes.NewReader(sent[:taken]))
		if err != nil || again != h {
			t.Fatalf("what was taken reads as %v %v, not %v", again, err, h)
		}
	})
}
