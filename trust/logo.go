package trust

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"image/jpeg"
	"image/png"
)

// Logo is the picture that people see beside the name of a client. It is kept with the terms, as it was when they were agreed: nothing that the
// client changes on its own server afterwards reaches a page of the hub.
type Logo struct {
	Kind          string // image/png, image/jpeg or image/webp
	Data          []byte
	Width, Height int // pixels
	Digest        string
}

// Bounds of a logo.
const (
	maxLogo     = 48 << 10 // bytes
	maxLogoSide = 1024     // pixels
)

// ReadLogo reads a PNG, JPEG or WebP picture that does not move. Other kinds are refused, SVG among them, which can hold scripts. The error wraps
// ErrInvalid.
func ReadLogo(data []byte) (*Logo, error) {
	if len(data) > maxLogo {
		return nil, fmt.Errorf("%w: a logo has at most %d bytes", ErrInvalid, maxLogo)
	}
	l := &Logo{Data: data}
	switch {
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		c, err := png.DecodeConfig(bytes.NewReader(data))
		if err != nil || bytes.Contains(data, []byte("acTL")) {
			return nil, fmt.Errorf("%w: a logo that is no PNG picture, or moves", ErrInvalid)
		}
		l.Kind, l.Width, l.Height = "image/png", c.Width, c.Height
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		c, err := jpeg.DecodeConfig(bytes.NewReader(data))
		if err != nil {
			return nil, fmt.Errorf("%w: a logo that is no JPEG picture", ErrInvalid)
		}
		l.Kind, l.Width, l.Height = "image/jpeg", c.Width, c.Height
	default:
		var ok bool
		if l.Width, l.Height, ok = webPSize(data); !ok {
			return nil, fmt.Errorf("%w: a logo is a PNG, JPEG or WebP picture that does not move", ErrInvalid)
		}
		l.Kind = "image/webp"
	}
	if l.Width < 1 || l.Height < 1 || l.Width > maxLogoSide || l.Height > maxLogoSide {
		return nil, fmt.Errorf("%w: a logo is at most %d by %d pixels", ErrInvalid, maxLogoSide, maxLogoSide)
	}
	sum := sha256.Sum256(data)
	l.Digest = hex.EncodeToString(sum[:])
	return l, nil
}

// webPSize reads the header of a WebP picture (RFC 9649, section 2); false for anything else, and for one that moves.
func webPSize(data []byte) (width, height int, ok bool) {
	const header = 30 // bytes, up to the end of the longest of the three kinds of size
	if len(data) < header || string(data[:4]) != "RIFF" || string(data[8:12]) != "WEBP" || int64(binary.LittleEndian.Uint32(data[4:]))+8 != int64(len(data)) {
		return 0, 0, false
	}
	switch string(data[12:16]) {
	case "VP8 ": // section 2.5: a key frame, its start code and two sides of 14 bits
		if data[20]&1 != 0 || string(data[23:26]) != "\x9d\x01\x2a" {
			return 0, 0, false
		}
		return int(binary.LittleEndian.Uint16(data[26:]) & 0x3fff), int(binary.LittleEndian.Uint16(data[28:]) & 0x3fff), true
	case "VP8L": // section 2.6: both sides less one, 14 bits each
		sides := binary.LittleEndian.Uint32(data[21:])
		return int(sides&0x3fff) + 1, int(sides>>14&0x3fff) + 1, data[20] == 0x2f
	case "VP8X": // section 2.7: both sides less one, 24 bits each; a flag for those that move
		return uint24(data[24:]) + 1, uint24(data[27:]) + 1, data[20]&0x02 == 0
	}
	return 0, 0, false
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// Encode is the logo as a document holds it.
func (l Logo) Encode() string { return base64.StdEncoding.EncodeToString(l.Data) }

// logo reads the picture of a document.
func (b *builder) logo(text string) *Logo {
	if text == "" {
		return nil
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		b.fail("oidc.logo is not base64")
		return nil
	}
	l, err := ReadLogo(data)
	if err != nil {
		b.fail("oidc.logo: %v", err)
	}
	return l
}

// Pages are what people see of a client where they sign in to it (OpenID Connect Dynamic Client Registration 1.0, section 2).
type Pages struct {
	Logo          *Logo  // nil: none
	Policy, Terms string // URLs; empty: none
}

// Pages of a partner. Of one that nobody vouches for no page of privacy is shown but one at the host of its redirect URIs (the same, section
// 9.1): it could be that of somebody else, whom it poses as.
func (p Partner) Pages() Pages {
	if p.OIDC == nil {
		return Pages{}
	}
	a := p.OIDC.About
	out := Pages{a.Logo, a.PolicyURI, a.TermsURI}
	if p.Stranger() && !OwnHost(a.PolicyURI, p.OIDC.RedirectURIs) {
		out.Policy = ""
	}
	return out
}

// OwnHost reports whether an address is at the host of all the redirect URIs: one host among several could be anybody's, whose answers the
// client never wants. Those of apps on a device are at nobody's host, whatever stands in them.
func OwnHost(raw string, redirects []string) bool {
	host, own := sectorHost(raw), false
	for _, r := range redirects {
		_, _, device := loopback(r)
		switch {
		case privateUse(r), device && sectorHost(r) != host:
		case sectorHost(r) != host:
			return false
		default:
			own = host != ""
		}
	}
	return own
}
