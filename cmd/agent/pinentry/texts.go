package pinentry

import (
	"strings"
	"unicode"

	"github.com/lanyard-hub/lanyard/cmd/agent/card"
)

// What every window says.
const (
	textTitle  = "Smartcard"
	textPrompt = "PIN:"
	textWrong  = "That PIN was wrong."
)

// Text is what a question says to a person, in sentences.
func Text(q card.Question) string {
	parts := []string{plain(q.Purpose)}
	if q.Holder != "" {
		parts = append(parts, "Card of "+plain(q.Holder)+" in "+plain(q.Reader)+".")
	}
	if s := q.Tries.Sentence(); s != "" {
		parts = append(parts, s)
	}
	return strings.Join(parts, "\n")
}

// lastTry is what a person has to agree to before the last try is spent.
func lastTry(q card.Question) string { return q.Tries.Sentence() + " Go on?" }

// maxPart bounds what a card or a reader may say of itself, in characters.
const maxPart = 120

// plain makes one line of a text that a card, a reader or a page chose: it may not pass for sentences of the window's own.
func plain(text string) string {
	var b strings.Builder
	n := 0
	for _, r := range text {
		if n++; n > maxPart {
			b.WriteRune('…')
			break
		}
		if !unicode.IsGraphic(r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) {
			r = ' '
		}
		b.WriteRune(r)
	}
	return b.String()
}
