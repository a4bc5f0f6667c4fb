package pinentry

import (
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// form is a small window in the words of Windows: a text, perhaps an edit for the PIN, OK and Cancel.
type form struct {
	text  string
	error string // in a line of its own; empty: none
	ask   bool   // for a PIN; else it is a question of yes and no, and no is what Enter says
}

// Controls by number. OK and Cancel are those that Enter and Escape press.
const (
	idOK = 1 + iota
	idCancel
	idText
	idError
	idPrompt
	idPIN
)

// Classes of controls (DLGITEMTEMPLATEEX).
const (
	classButton = 0x80
	classEdit   = 0x81
	classStatic = 0x82
)

// Styles, as winuser.h has them.
const (
	windowStyle   = 0x80000000 | 0x00c00000 | 0x00080000 | 0x10000000 // WS_POPUP, WS_CAPTION, WS_SYSMENU, WS_VISIBLE
	dialogStyle   = 0x0040 | 0x0008 | 0x0080 | 0x0200 | 0x0800        // DS_SETFONT, DS_FIXEDSYS, DS_MODALFRAME, DS_SETFOREGROUND, DS_CENTER
	topmost       = 0x00000008                                        // WS_EX_TOPMOST
	controlStyle  = 0x40000000 | 0x10000000                           // WS_CHILD, WS_VISIBLE
	tabStop       = 0x00010000                                        // WS_TABSTOP
	passwordStyle = 0x00800000 | 0x0020 | 0x0080                      // WS_BORDER, ES_PASSWORD, ES_AUTOHSCROLL
	noPrefix      = 0x0080                                            // SS_NOPREFIX: "&" is itself
	defaultButton = 0x0001                                            // BS_DEFPUSHBUTTON
)

// Measures in dialog units: a quarter of a character's width, an eighth of its height.
const (
	formWidth  = 240
	margin     = 7
	lineHeight = 9
	lineLength = 52 // characters that are sure to fit
	fieldHigh  = 14
	buttonWide = 50
)

// control is one part of the window.
type control struct {
	id, style, class int
	x, y, wide, high int
	text             string
}

func (f form) controls() (parts []control, high int) {
	y := margin
	add := func(c control, below int) {
		c.y, c.style = y, c.style|controlStyle
		parts = append(parts, c)
		y += below
	}
	text := height(f.text) * lineHeight
	add(control{id: idText, style: noPrefix, class: classStatic, x: margin, wide: formWidth - 2*margin, high: text, text: f.text}, text+margin)
	if f.error != "" {
		add(control{id: idError, style: noPrefix, class: classStatic, x: margin, wide: formWidth - 2*margin, high: lineHeight, text: f.error}, lineHeight+margin)
	}
	yes, no := defaultButton, 0
	if f.ask {
		add(control{id: idPrompt, class: classStatic, x: margin, wide: 30, high: lineHeight, text: textPrompt}, 0)
		add(control{id: idPIN, style: tabStop | passwordStyle, class: classEdit, x: margin + 34, wide: formWidth - 2*margin - 34, high: fieldHigh}, fieldHigh+margin)
	} else {
		yes, no = 0, defaultButton
	}
	add(control{id: idOK, style: tabStop | yes, class: classButton, x: formWidth - 2*(margin+buttonWide), wide: buttonWide, high: fieldHigh, text: "OK"}, 0)
	add(control{id: idCancel, style: tabStop | no, class: classButton, x: formWidth - margin - buttonWide, wide: buttonWide, high: fieldHigh, text: "Cancel"}, fieldHigh+margin)
	return parts, y
}

// height is how many lines a text takes at most.
func height(text string) int {
	n, column := 1, 0
	for _, r := range text {
		if column++; r == '\n' {
			n, column = n+1, 0
		} else if column > lineLength {
			n, column = n+1, 1
		}
	}
	return n
}

// template is the DLGTEMPLATEEX of the window.
func (f form) template() []byte {
	parts, high := f.controls()
	b := words(nil, 1, 0xffff) // dlgVer, signature
	b = doubles(b, 0, topmost, windowStyle|dialogStyle)
	b = words(b, len(parts), 0, 0, formWidth, high, 0, 0) // no menu, the class of dialogs
	b = wide(b, textTitle)
	b = words(b, 9, 400, 1<<8) // points, weight, not italic, DEFAULT_CHARSET
	b = wide(b, "MS Shell Dlg")
	for _, c := range parts {
		for len(b)%4 != 0 {
			b = append(b, 0)
		}
		b = doubles(b, 0, 0, c.style)
		b = words(b, c.x, c.y, c.wide, c.high)
		b = doubles(b, c.id)
		b = words(b, 0xffff, c.class)
		b = wide(b, c.text)
		b = words(b, 0) // nothing of its own
	}
	return b
}

func words(b []byte, values ...int) []byte {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	return b
}

func doubles(b []byte, values ...int) []byte {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, uint32(v))
	}
	return b
}

// wide appends a text in UTF-16 with its end.
func wide(b []byte, text string) []byte {
	for _, v := range utf16.Encode([]rune(text)) {
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	return append(b, 0, 0)
}

// narrow writes UTF-16 as UTF-8 into memory that the caller wipes; false if it is none, or does not fit.
func narrow(out []byte, in []uint16) (int, bool) {
	n := 0
	for i := 0; i < len(in); i++ {
		r := rune(in[i])
		if utf16.IsSurrogate(r) {
			if i++; i == len(in) {
				return n, false
			}
			if r = utf16.DecodeRune(r, rune(in[i])); r == utf8.RuneError {
				return n, false
			}
		}
		if r < ' ' || n+utf8.RuneLen(r) > len(out) {
			return n, false
		}
		n += utf8.EncodeRune(out[n:], r)
	}
	return n, true
}
