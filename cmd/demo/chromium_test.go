package demo

import (
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// TestDemoInChromium takes the tour that the README tells of, in a real browser: key, role, three apps, sign-out.
func TestDemoInChromium(t *testing.T) {
	components.Gate(t)
	d, m := running(t)
	b := components.StartBrowser(t, components.BrowserConfig{Width: 1280, Height: 1000})
	shot := func(name string) { b.Screenshot(t, "demo-"+name) }
	b.Open(t, d.URL())
	b.SeeText(t, "h1", "See the hub at work")
	shot("1-start")
	b.Click(t, ".tiles .pas")
	b.SeeText(t, "h1", "PAS")
	shot("2-pas-nobody")
	b.Click(t, `a[href="/login"]`)
	b.SeeText(t, "h1", "Sign in")
	shot("3-signin")
	b.Click(t, `a[href^="/demo/key"]`)
	b.SeeText(t, "h1", "Whose security key?")
	shot("4-choose")
	b.Click(t, `button[value="`+m.Personas[0].UID+`"]`)
	b.SeeText(t, "h1", "Choose your role")
	shot("5-role")
	b.Click(t, `label[for="role-`+m.Personas[0].Roles[0]+`"]`)
	b.Click(t, `main button[type="submit"]`)
	b.SeeText(t, "h1", "Signed in as Dr Asha Example")
	shot("6-pas")
	for i, a := range m.Apps[1:] {
		b.Open(t, a.URL)
		b.Click(t, `a[href="/login"]`)
		b.SeeText(t, "h1", "Signed in as Dr Asha Example")
		shot([]string{"7-epr", "8-pathology"}[i])
	}
	b.Open(t, d.URL())
	b.SeeText(t, ".rung", "Role assertion")
	shot("9-ladder")
	b.Open(t, m.Issuer+"/")
	b.SeeText(t, "h1", "Your apps")
	shot("10-home")
	b.Open(t, m.Issuer+"/signout")
	b.Click(t, `form[action="/signout"] button`)
	b.SeeText(t, "main", "You are signed out everywhere.")
	shot("11-signed-out")
	for _, a := range m.Apps {
		b.Open(t, a.URL)
		b.SeeText(t, "main", "Nobody is signed in to this app.")
	}
	b.Open(t, m.Apps[0].URL+"break/unsigned")
	shot("12-unsigned")
	for _, line := range b.Console() {
		if strings.Contains(line, "Content Security Policy") || strings.Contains(line, "Uncaught") {
			t.Error(line)
		}
	}
}
