package pinentry

import (
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/lanyard-hub/lanyard/cmd/agent/card"
)

// reader reads a DLGTEMPLATEEX as Windows does; what is not there fails the test.
type reader struct {
	t *testing.T
	b []byte
	n int
}

func (r *reader) word() int {
	r.t.Helper()
	if r.n+2 > len(r.b) {
		r.t.Fatalf("ends at %d", r.n)
	}
	r.n += 2
	return int(binary.LittleEndian.Uint16(r.b[r.n-2:]))
}

func (r *reader) double() int { return r.word() | r.word()<<16 }

func (r *reader) text() string {
	var units []uint16
	for {
		u := r.word()
		if u == 0 {
			return string(utf16.Decode(units))
		}
		units = append(units, uint16(u))
	}
}

func (r *reader) form() (controls []control, high int) {
	r.t.Helper()
	if r.word() != 1 || r.word() != 0xffff || r.double() != 0 {
		r.t.Fatal("no DLGTEMPLATEEX")
	}
	if ex := r.double(); ex&topmost == 0 {
		r.t.Errorf("extended style %x: another window may cover it", ex)
	}
	if style := r.double(); style&dialogStyle != dialogStyle || style&windowStyle != windowStyle {
		r.t.Errorf("style %x", style)
	}
	count := r.word()
	_, _, wide, high := r.word(), r.word(), r.word(), r.word()
	if wide != formWidth || r.word() != 0 || r.word() != 0 || r.text() != "Smartcard" {
		r.t.Error("the head is another")
	}
	_, _, _, font := r.word(), r.word(), r.word(), r.text()
	if font != "MS Shell Dlg" {
		r.t.Errorf("font %q", font)
	}
	for range count {
		r.n = (r.n + 3) &^ 3
		if r.double() != 0 || r.double() != 0 {
			r.t.Error("a control's head is another")
		}
		c := control{style: r.double(), x: r.word(), y: r.word(), wide: r.word(), high: r.word(), id: r.double()}
		if r.word() != 0xffff {
			r.t.Error("a control without a class")
		}
		c.class, c.text = r.word(), r.text()
		if r.word() != 0 {
			r.t.Error("a control with data of its own")
		}
		controls = append(controls, c)
	}
	if r.n != len(r.b) {
		r.t.Errorf("%d bytes are left", len(r.b)-r.n)
	}
	return controls, high
}

func TestForm(t *testing.T) {
	for name, c := range map[string]struct {
		form  form
		want  map[int]string
		enter int
	}{
		"a PIN":              {form{text: "Sign in.\nCard of 999 in A & B.", ask: true}, map[int]string{idText: "Sign in.\nCard of 999 in A & B.", idPrompt: "PIN:", idPIN: "", idOK: "OK", idCancel: "Cancel"}, idOK},
		"after a wrong one":  {form{text: "Sign in.", error: textWrong, ask: true}, map[int]string{idText: "Sign in.", idError: "That PIN was wrong.", idPrompt: "PIN:", idPIN: "", idOK: "OK", idCancel: "Cancel"}, idOK},
		"a yes or no":        {form{text: "Go on?"}, map[int]string{idText: "Go on?", idOK: "OK", idCancel: "Cancel"}, idCancel},
		"signs above 0xffff": {form{text: "𝄞"}, map[int]string{idText: "𝄞", idOK: "OK", idCancel: "Cancel"}, idCancel},
	} {
		t.Run(name, func(t *testing.T) {
			r := &reader{t: t, b: c.form.template()}
			parts, high := r.form()
			if len(parts) != len(c.want) {
				t.Errorf("%d controls, want %d", len(parts), len(c.want))
			}
			for _, p := range parts {
				if want, ok := c.want[p.id]; !ok || p.text != want {
					t.Errorf("control %d says %q, want %q", p.id, p.text, want)
				}
				if p.y+p.high > high || p.x+p.wide > formWidth {
					t.Errorf("control %d lies outside", p.id)
				}
				if p.id == idPIN && (p.style&0x20 == 0 || p.class != classEdit) {
					t.Error("the PIN can be read on the screen")
				}
				if p.class == classButton && (p.style&defaultButton != 0) != (p.id == c.enter) {
					t.Errorf("Enter presses %d", p.id)
				}
			}
		})
	}
}

// TestText: what a card or a page says of itself stays in its place.
func TestText(t *testing.T) {
	got := Text(card.Question{Purpose: "Sign in to a.\nType your PIN into the page.", Holder: "Dr\u202eX\u2028Y\x00", Reader: strings.Repeat("é", 500), Tries: card.TriesFewer})
	if strings.Count(got, "\n") != 2 || strings.ContainsAny(got, "\u202e\u2028\x00") || utf8.RuneCountInString(got) > 400 || !strings.HasSuffix(got, card.TriesFewer.Sentence()) {
		t.Errorf("%q", got)
	}
}

// TestNarrow: UTF-16 comes out as the same text in UTF-8, or not at all.
func TestNarrow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		units := rapid.SliceOfN(rapid.Uint16(), 0, 70).Draw(t, "units")
		var out [64]byte
		n, ok := narrow(out[:], units)
		want := string(utf16.Decode(units))
		sound := !strings.ContainsRune(want, utf8.RuneError) && len(want) <= len(out) && !strings.ContainsFunc(want, func(r rune) bool { return r < ' ' })
		if ok != sound && !strings.ContainsRune(want, utf8.RuneError) || ok && string(out[:n]) != want {
			t.Fatalf("%v: %q %v, want %q", units, out[:n], ok, want)
		}
	})
	var out [8]byte
	for text, fits := range map[string]bool{"2468": true, "12345678": true, "123456789": false, "ää€": true, "𝄞𝄞": true, "𝄞𝄞1": false, "1\n2": false} {
		n, ok := narrow(out[:], utf16.Encode([]rune(text)))
		if ok != fits || ok && string(out[:n]) != text {
			t.Errorf("%q: %q, %v", text, out[:n], ok)
		}
	}
	for _, broken := range [][]uint16{{0xd800}, {0xd800, 0x41}, {0xdc00, 0x41}} {
		if _, ok := narrow(out[:], broken); ok {
			t.Errorf("%x is text", broken)
		}
	}
}
