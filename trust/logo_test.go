package trust

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"image"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Pictures of 40 by 20 pixels as an encoder wrote them (RFC 9649, sections 2.5 and 2.6).
const (
	lossyWebP    = "UklGRkYAAABXRUJQVlA4IDoAAAAwAwCdASooABQAPtFmrVEoJaQipWgBABoJZwDE2A8KnQ4AAP7uQx8CStWbp64ubIcqaj6rETcXMAAA"
	losslessWebP = "UklGRh4AAABXRUJQVlA4TBEAAAAvJ8AEAAfQolJ0rf+BiOh/AAA="
)

func decoded(t testing.TB, text string) []byte {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func pngOf(t testing.TB, width, height int) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := png.Encode(&buf, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// extendedWebP is a picture with the chunk that says more of it (RFC 9649, section 2.7).
func extendedWebP(flags byte, width, height int, picture []byte) []byte {
	body := []byte{'W', 'E', 'B', 'P', 'V', 'P', '8', 'X', 10, 0, 0, 0, flags, 0, 0, 0}
	for _, side := range []int{width - 1, height - 1} {
		body = append(body, byte(side), byte(side>>8), byte(side>>16))
	}
	body = append(body, picture[12:]...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

// TestReadLogo: pictures that stand still, of three kinds, within bounds; and nothing else.
func TestReadLogo(t *testing.T) {
	var j bytes.Buffer
	if err := jpeg.Encode(&j, image.NewGray(image.Rect(0, 0, 40, 20)), nil); err != nil {
		t.Fatal(err)
	}
	lossy, lossless := decoded(t, lossyWebP), decoded(t, losslessWebP)
	changed := func(data []byte, at int, to byte) []byte {
		out := bytes.Clone(data)
		out[at] = to
		return out
	}
	moving := pngOf(t, 40, 20)
	moving = append(append(bytes.Clone(moving[:33]), "\x00\x00\x00\x08acTL\x00\x00\x00\x02\x00\x00\x00\x00\xf3\x8d\x93\x70"...), moving[33:]...)
	for name, c := range map[string]struct {
		data []byte
		kind string
	}{
		"PNG": {pngOf(t, 40, 20), "image/png"}, "JPEG": {j.Bytes(), "image/jpeg"}, "lossy WebP": {lossy, "image/webp"}, "lossless WebP": {lossless, "image/webp"},
		"extended WebP": {extendedWebP(0x10, 40, 20, lossless), "image/webp"},
		"moving WebP":   {extendedWebP(0x02, 40, 20, lossless), ""}, "moving PNG": {moving, ""},
		"SVG": {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), ""}, "GIF": {[]byte("GIF89a\x28\x00\x14\x00\x00\x00\x00;" + strings.Repeat(" ", 40)), ""},
		"HTML": {[]byte("<!doctype html><script>alert(1)</script>"), ""}, "nothing": {nil, ""}, "cut PNG": {pngOf(t, 40, 20)[:20], ""}, "cut JPEG": {j.Bytes()[:8], ""}, "cut WebP": {lossy[:29], ""},
		"WebP with more after it": {append(bytes.Clone(lossy), '<', 'a'), ""}, "WebP without a key frame": {changed(lossy, 20, lossy[20]|1), ""}, "WebP without its start": {changed(lossy, 23, 0), ""},
		"lossless WebP without its mark": {changed(lossless, 20, 0), ""}, "WebP of another kind": {changed(lossy, 15, 'Z'), ""}, "a wave": {changed(lossy, 8, 'X'), ""},
		"wide": {pngOf(t, 1025, 1), ""}, "high": {pngOf(t, 1, 1025), ""}, "wide WebP": {extendedWebP(0, 1025, 1, lossless), ""}, "WebP of no width": {changed(changed(lossy, 26, 0), 27, 0), ""},
		"large": {append(pngOf(t, 40, 20), make([]byte, maxLogo)...), ""},
	} {
		l, err := ReadLogo(c.data)
		switch {
		case c.kind == "" && !errors.Is(err, ErrInvalid):
			t.Errorf("%s: %v", name, err)
		case c.kind != "" && (err != nil || l.Kind != c.kind || l.Width != 40 || l.Height != 20 || len(l.Digest) != 64 || l.Encode() != base64.StdEncoding.EncodeToString(c.data)):
			t.Errorf("%s: %+v %v", name, l, err)
		}
	}
}

// TestLogoOfADocument: it comes from a file, is kept as text, and is refused if it is no picture.
func TestLogoOfADocument(t *testing.T) {
	dir := t.TempDir()
	for name, data := range map[string][]byte{"logo.png": pngOf(t, 40, 20), "logo.svg": []byte("<svg/>")} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	document := func(file string) Document {
		return Document{Partner: "epr", Protocol: OIDC, Stage: Test, OIDC: &OIDCDocument{Auth: AuthNone, RedirectURIs: []string{"https://epr.example/cb"}, OIDCClientDocument: OIDCClientDocument{LogoFile: file}}}
	}
	d, _, err := document("logo.png").Resolve(os.DirFS(dir))
	if err != nil || d.OIDC.LogoFile != "" {
		t.Fatalf("%v %+v", err, d.OIDC)
	}
	c, err := NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.Compile(d, nil, CompileOptions{})
	if err != nil || p.Pages().Logo == nil || p.Pages().Logo.Kind != "image/png" {
		t.Errorf("%v %+v", err, p.Pages())
	}
	if _, _, err := document("logo.svg").Resolve(os.DirFS(dir)); !errors.Is(err, ErrInvalid) {
		t.Errorf("SVG: %v", err)
	}
	for _, text := range []string{"not base64!", base64.StdEncoding.EncodeToString([]byte("<svg/>"))} {
		d.OIDC.Logo = text
		if _, err := c.Compile(d, nil, CompileOptions{}); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "oidc.logo") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestPages: of a stranger no page of privacy is shown that is somebody else's.
func TestPages(t *testing.T) {
	p := Partner{Stage: Test, OIDC: &OIDCTerms{
		RedirectURIs: []string{"https://EPR.example/cb", "http://127.0.0.1/cb"}, Registration: &Registration{},
		About: About{PolicyURI: "https://nhs.example/policy", TermsURI: "https://terms.example/"},
	}}
	if got := p.Pages(); got.Policy != "" || got.Terms != "https://terms.example/" || got.Logo != nil {
		t.Errorf("of a stranger: %+v", got)
	}
	p.OIDC.About.PolicyURI = "https://epr.example:8443/policy"
	if got := p.Pages(); got.Policy == "" {
		t.Errorf("at its own host: %+v", got)
	}
	p.Stage, p.OIDC.About.PolicyURI = Live, "https://nhs.example/policy"
	if got := p.Pages(); got.Policy == "" {
		t.Errorf("that an administrator made live: %+v", got)
	}
	if got := (Partner{SAML: &SAMLTerms{}}).Pages(); got != (Pages{}) {
		t.Errorf("of another protocol: %+v", got)
	}
	for name, redirects := range map[string][]string{
		"another's host beside its own":     {"https://evil.example/cb", "https://epr.example/cb"},
		"another's host in an app's scheme": {"com.evil.app://epr.example/cb", "http://127.0.0.1/cb"},
		"nothing but the device":            {"http://127.0.0.1/cb"},
		"none":                              nil,
	} {
		if OwnHost("https://epr.example/logo.png", redirects) {
			t.Errorf("%s makes it its own", name)
		}
	}
	if !OwnHost("https://epr.example/l", []string{"https://epr.example/cb", "uk.example.epr:/cb", "https://epr.example:8443/cb", "http://[::1]/cb"}) || !OwnHost("http://127.0.0.1:9/l", []string{"http://127.0.0.1:9/cb"}) {
		t.Error("its own host is not its own")
	}
	if OwnHost("", []string{"uk.example.app:/cb"}) || OwnHost("https:///x", []string{"uk.example.app:/cb"}) || OwnHost("%", []string{"%"}) {
		t.Error("no host is a host of its own")
	}
}

func FuzzReadLogo(f *testing.F) {
	f.Add(pngOf(f, 40, 20))
	f.Add(decoded(f, lossyWebP))
	f.Add(decoded(f, losslessWebP))
	f.Add(extendedWebP(0, 40, 20, decoded(f, losslessWebP)))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := ReadLogo(data)
		if err != nil {
			return
		}
		if l.Width < 1 || l.Height < 1 || l.Width > maxLogoSide || l.Height > maxLogoSide || len(l.Data) > maxLogo || !strings.HasPrefix(l.Kind, "image/") || strings.Contains(l.Kind, "svg") {
			t.Fatalf("%+v", l)
		}
		if again, err := ReadLogo(decoded(t, l.Encode())); err != nil || again.Digest != l.Digest {
			t.Fatalf("read again: %v", err)
		}
	})
}
