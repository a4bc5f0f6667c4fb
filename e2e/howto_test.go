//go:build howto

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// follower does what a how-to says, on a demo of its own: files are saved under the names it gives, commands run in the order they stand in.
type follower struct {
	t       *testing.T
	dir     string // the app's folder
	surfer  *surfer
	replace *strings.Replacer // its addresses and folders by those of this run
	hub     string
	app     string
	demo    string
}

var savedAs = regexp.MustCompile("(?s)[Ss]ave as `([^`]+)`[^\n]*:\n\n```[a-z]*\n(.*?)\n```|```sh\n(.*?)\n```")

// follow starts the demo and registers the app of connect-an-app.md.
func follow(t *testing.T, page, section string) *follower {
	t.Helper()
	bin := binary(t)
	if os.Getuid() != 0 {
		t.Fatal("names under localhost are looked up in a hosts file, which only root can give a program of its own")
	}
	f := &follower{t: t, dir: t.TempDir(), demo: filepath.Join(t.TempDir(), "demo")}
	port, at := components.FreePort(t), components.FreePort(t)
	f.hub, f.app = fmt.Sprintf("http://hub.localhost:%d", port), fmt.Sprintf("http://app.localhost:%d", at)
	f.replace = strings.NewReplacer("go run ./cmd/lanyard", bin, "/tmp/lanyard-demo", f.demo, "~/my-app", f.dir, "hub.localhost:8420", strings.TrimPrefix(f.hub, "http://"), "3000", fmt.Sprint(at), "8420", fmt.Sprint(port))
	demo := components.Start(t, components.Command{Path: bin, Args: []string{"demo", "--dir", f.demo, "--port", fmt.Sprint(port), "--no-browser"}})
	demo.WaitOutput("Press Ctrl-C", 60*time.Second)
	hosts := "127.0.0.1 localhost hub.localhost app.localhost\n"
	if err := os.WriteFile(filepath.Join(f.demo, "hosts"), []byte(hosts), 0o644); err != nil {
		t.Fatal(err)
	}
	f.surfer = &surfer{t: t, client: components.Client(t, nil)}
	f.page("connect-an-app.md", "1. Start a hub", false)
	f.page("connect-an-app.md", "2. Register the app", false)
	f.page(page, section, true)
	return f
}

// page does a section of a page (empty: all of it): it saves files and runs commands. The last command is the app, if there is one.
// The demo runs already, and the hosts file is our own.
func (f *follower) page(name, section string, app bool) {
	f.t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "docs", "how-to", name))
	if err != nil {
		f.t.Fatal(err)
	}
	text := string(data)
	if section != "" {
		_, after, ok := strings.Cut(text, "\n## "+section+"\n")
		if !ok {
			f.t.Fatalf("%s has no section %q", name, section)
		}
		text, _, _ = strings.Cut(after, "\n## ")
	}
	var commands []string
	for _, m := range savedAs.FindAllStringSubmatch(text, -1) {
		switch {
		case m[1] != "":
			f.save(m[1], m[2])
		case !strings.Contains(m[3], " demo --dir") && !strings.Contains(m[3], "/etc/hosts"):
			commands = append(commands, strings.Split(m[3], "\n")...)
		}
	}
	for n, line := range commands {
		c := f.command(f.replace.Replace(line))
		if app && n == len(commands)-1 {
			components.Start(f.t, c).WaitURL(components.Client(f.t, nil), f.app+"/", 4*time.Minute)
			return
		}
		if out, errs, code := components.Run(f.t, c); code != 0 {
			f.t.Fatalf("%s: exit %d\n%s%s", line, code, out, errs)
		}
	}
}

func (f *follower) save(name, text string) {
	f.t.Helper()
	path := filepath.Join(f.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(f.replace.Replace(text)+"\n"), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

// command runs in a mount namespace with a hosts file of its own.
func (f *follower) command(line string) components.Command {
	script := fmt.Sprintf("mount --bind %s/hosts /etc/hosts && %s", f.demo, line)
	return components.Command{Path: "unshare", Args: []string{"-m", "sh", "-c", script}, Dir: f.dir, Wait: 5 * time.Minute, Env: map[string]string{"GOFLAGS": "-mod=mod"}}
}

const asha, ashaRole = "555000000107", "555020001001"

// tour is what every how-to's app can do: sign in with a role, change it, step up, sign out here, be told of a sign-out elsewhere, turn somebody without a role away, and take a logout token about nobody.
func (f *follower) tour() {
	f.t.Helper()
	s := f.surfer
	present := func(name, uid string) {
		f.t.Helper()
		s.follow("Use a demo smartcard")
		s.submit(name, "uid", uid)
	}
	in := func(path string, role string) {
		f.t.Helper()
		s.open(f.app + path)
		if strings.Contains(s.url.Path, "/signin") {
			present("Dr Asha Example", asha)
		}
		if role != "" {
			s.see("Choose your role")
			s.submit("Continue", "role", role)
		}
		s.see("Dr Asha Example (" + asha + ")")
		if !strings.HasPrefix(s.url.String(), f.app) {
			s.fail("elsewhere")
		}
	}
	s.open(f.app + "/")
	s.see("Nobody is signed in")
	in("/login", ashaRole)
	first := s.body
	in("/login?scope=changedrole", "555020001000")
	if s.body == first {
		s.fail("the role is the same")
	}
	in("/login?acr_values=AAL3_ANY&prompt=login", "")
	if strings.Contains(s.body, "<form") {
		s.submit("Sign out")
	} else {
		s.open(f.app + "/logout")
	}
	if strings.HasPrefix(s.url.String(), f.hub) {
		s.fail("the app's sign-out did not come back")
	}
	s.see("Nobody is signed in")
	s.open(f.hub + "/")
	s.see("Nobody is signed in")

	in("/login", ashaRole)
	s.open(f.hub + "/signout")
	s.submit("Sign out")
	s.see("You are signed out everywhere")
	s.see("Ended")
	s.open(f.app + "/")
	s.see("Nobody is signed in")

	s.open(f.app + "/login")
	present("Elin Norole", "555000000135")
	s.see("you have no role here: ask your Registration Authority")
	f.page("connect-an-app.md", "Signing out", false)
}

// TestHowToGo follows docs/how-to/connect-an-app-go.md.
func TestHowToGo(t *testing.T) { follow(t, "connect-an-app-go.md", "").tour() }

// TestHowToJavaScript follows the first half of docs/how-to/connect-an-app-javascript.md.
func TestHowToJavaScript(t *testing.T) { follow(t, "connect-an-app-javascript.md", "A server").tour() }

// TestHowToPages follows the second half, in Chromium.
func TestHowToPages(t *testing.T) {
	f := follow(t, "connect-an-app-javascript.md", "An app of pages alone")
	b := components.StartBrowser(t, components.BrowserConfig{})
	b.Open(t, f.app+"/")
	b.SeeText(t, "#who", "Nobody is signed in")
	b.Click(t, "#in")
	b.SeeText(t, "main", "Use a demo smartcard")
	b.Click(t, `a[href^="/demo/card"]`)
	b.Click(t, `button[value="`+asha+`"]`)
	b.Click(t, "#role-"+ashaRole)
	b.Click(t, `form[action="/role"][method="post"] button[type=submit]`)
	b.SeeText(t, "#who", "Dr Asha Example ("+asha+"), acting as")
	b.Click(t, "#out")
	b.SeeText(t, "#who", "Nobody is signed in")
	b.Open(t, f.hub+"/")
	b.SeeText(t, "main", "Nobody is signed in")
	noComplaint(t, b.Tab)
}

// TestHowToPython follows docs/how-to/connect-an-app-python.md.
func TestHowToPython(t *testing.T) { follow(t, "connect-an-app-python.md", "").tour() }

// TestHowToSpring follows docs/how-to/connect-an-app-java-spring.md.
func TestHowToSpring(t *testing.T) { follow(t, "connect-an-app-java-spring.md", "").tour() }
