package e2e

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// suiteChromium is a person with a real browser, for modules whose pages need scripts and frames.
type suiteChromium struct {
	*components.Browser
	s     *conformance
	pages []string
}

func (s *conformance) newChromium() *suiteChromium {
	s.t.Helper()
	config := components.BrowserConfig{Trust: []*components.CA{s.hub.ca}, Cards: []*components.Leaf{s.hub.cards[doctor]}}
	return &suiteChromium{Browser: components.StartBrowser(s.t, config), s: s}
}

func (b *suiteChromium) behave(string) {}

func (b *suiteChromium) decide(string) {}

func (b *suiteChromium) rotating() bool { return false }

func (b *suiteChromium) seen() []string { return b.pages }

// pressing is what the person does on a page of the hub; the script says what it pressed, or nothing.
const pressing = `(() => {
	for (const css of ['#way-card button[type=submit]', '#role-` + doctorRole2 + `']) {
		const e = document.querySelector(css)
		if (e && !e.checked) { e.click(); if (e.type !== 'radio') return css }
	}
	const f = document.querySelector('form[action="/role"][method="post"] button[type=submit], form.confirm button, main form[action*="logout"] button')
	if (f) { f.click(); return 'form' }
	const a = [...document.querySelectorAll('main a')].find(a => a.textContent.includes('Continue'))
	if (a) { a.click(); return 'link' }
	return ''
})()`

// visit opens an address and goes on until the suite has what it waits for.
func (b *suiteChromium) visit(_, address string) {
	t := b.s.t
	t.Helper()
	b.Open(t, address)
	for range 150 {
		at, err := url.Parse(b.Address(t))
		if err != nil {
			t.Fatal(err)
		}
		if at.Hostname() == suiteHost && (!strings.Contains(at.Path, "callback") || b.try(`!!document.getElementById('submission_complete')+''`) == "true") {
			return
		}
		if at.Hostname() != suiteHost {
			b.pages = append(b.pages, b.try(`document.body.outerHTML`))
			b.try(pressing)
		}
		time.Sleep(200 * time.Millisecond)
	}
	t.Errorf("the browser stays at %s", b.Address(t))
}

// try evaluates a script on a page that may just be replaced; empty if it was.
func (b *suiteChromium) try(script string) string {
	ctx, cancel := context.WithTimeout(b.Context(), 3*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](script))
	if err != nil {
		return ""
	}
	return text
}
