package demo

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// longest is how much of one value is printed, in characters: signatures, certificates and ciphertexts are
// said to be there and no more.
const longest = 96

var xmlPiece = regexp.MustCompile(`<[^>]+>|[^<]+`)

// prettyXML indents a document for reading. Long values are cut.
func prettyXML(doc []byte) string {
	var b strings.Builder
	depth, text := 0, ""
	newline := func() {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(strings.Repeat("  ", max(depth, 0)))
	}
	open := false // the last piece was a start tag
	for _, piece := range xmlPiece.FindAllString(string(doc), -1) {
		switch {
		case !strings.HasPrefix(piece, "<"):
			text = cut(strings.TrimSpace(piece))
			if text != "" {
				b.WriteString(text)
			}
			continue
		case strings.HasPrefix(piece, "</"):
			depth--
			if !open {
				newline()
			}
			b.WriteString(piece)
			open = false
		case strings.HasSuffix(piece, "/>"), strings.HasPrefix(piece, "<?"):
			newline()
			b.WriteString(piece)
			open = false
		default:
			newline()
			b.WriteString(piece)
			depth++
			open = true
		}
	}
	return b.String()
}

func cut(s string) string {
	if len(s) <= longest || strings.ContainsRune(s[:longest], ' ') {
		return s
	}
	return fmt.Sprintf("%s... (%d characters)", s[:24], len(s))
}

// prettyJSON indents a document for reading.
func prettyJSON(doc []byte) string {
	var b bytes.Buffer
	if err := json.Indent(&b, doc, "", "  "); err != nil {
		return string(doc)
	}
	return b.String()
}

// prettyJWT shows the header and the claims of a token, and of its signature that it is there.
func prettyJWT(token string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "(not a signed token)"
	}
	var out []string
	for _, p := range parts[:2] {
		raw, err := base64.RawURLEncoding.DecodeString(p)
		if err != nil {
			return "(not a signed token)"
		}
		out = append(out, prettyJSON(raw))
	}
	return strings.Join(out, "\n.\n") + fmt.Sprintf("\n.\n(signature, %d bytes)", base64.RawURLEncoding.DecodedLen(len(parts[2])))
}

// hidden shows that a secret was there, and not the secret.
func hidden(secret string) string {
	if len(secret) <= 12 {
		return "(hidden)"
	}
	return secret[:6] + "... (hidden)"
}
