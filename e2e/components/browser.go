package components

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/remote"
)

// BrowserConfig describes a browser.
type BrowserConfig struct {
	Trust         []*CA   // roots it trusts beside its own
	Cards         []*Leaf // client certificates; the first that a server accepts is sent
	Width, Height int     // of the window, in CSS pixels; 0: 1280 by 900
	Language      string  // of the interface and Accept-Language; empty: en-GB
	Flags         []string
	// ThirdPartyCookies lets frames of other sites have their cookies. Chromium keeps them from them unless its user says otherwise.
	ThirdPartyCookies bool
}

// Browser is a headless Chromium with a profile of its own and one open tab.
type Browser struct {
	*Tab
	Process  *Process
	database string // of NSS
}

// StartBrowser starts Chromium. Give each clinician's workstation one.
func StartBrowser(tb testing.TB, c BrowserConfig) *Browser {
	tb.Helper()
	home := directory(tb, "chromium")
	database := nssDatabase(tb, home, c.Trust, c.Cards)
	chooseCertificate(tb)
	preferences(tb, home, c)
	p := Start(tb, Command{
		Path: "chromium",
		Args: browserFlags(c, home),
		Env: map[string]string{
			"HOME": home, "XDG_CONFIG_HOME": home, "XDG_CACHE_HOME": home, "TMPDIR": home, "DISPLAY": "",
		},
		Wait: 5 * time.Second,
		Hush: "ERROR:dbus/", // there is no message bus in a container
	})
	p.WaitOutput("DevTools listening on ", 60*time.Second)
	endpoint := regexp.MustCompile(`DevTools listening on (ws://\S+)`).FindStringSubmatch(p.Output())
	if endpoint == nil {
		tb.Fatalf("no address of DevTools in: %s", p.Output())
	}
	allocated, stop := remote.NewAllocator(context.Background(), endpoint[1], remote.NoModifyURL)
	tb.Cleanup(stop)
	// A newer browser has events that the client does not know and would print.
	silent := chromedp.WithErrorf(func(string, ...any) {})
	return &Browser{Tab: newTab(tb, allocated, silent), Process: p, database: database}
}

// preferences writes what a user of the browser would have set.
func preferences(tb testing.TB, home string, c BrowserConfig) {
	tb.Helper()
	if !c.ThirdPartyCookies {
		return
	}
	dir := filepath.Join(home, "profile", "Default")
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "Preferences"), []byte(`{"profile":{"cookie_controls_mode":0}}`), 0o600)
	}
	if err != nil {
		tb.Fatal(err)
	}
}

func browserFlags(c BrowserConfig, home string) []string {
	width, height, language := c.Width, c.Height, c.Language
	if width == 0 {
		width, height = 1280, 900
	}
	if language == "" {
		language = "en-GB"
	}
	return slices.Concat([]string{
		"--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--disable-dev-shm-usage", "--disable-extensions", "--disable-default-apps",
		"--no-default-browser-check", "--password-store=basic", "--hide-scrollbars", "--mute-audio",
		"--disable-features=Translate,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,OptimizationHints,MediaRouter",
		"--force-color-profile=srgb", "--remote-debugging-port=0",
		"--user-data-dir=" + filepath.Join(home, "profile"),
		"--window-size=" + strconv.Itoa(width) + "," + strconv.Itoa(height),
		"--lang=" + language, "--accept-lang=" + language,
	}, c.Flags, []string{"about:blank"})
}

// NewTab opens another tab, which shares cookies with the first.
func (b *Browser) NewTab(tb testing.TB) *Tab {
	tb.Helper()
	return newTab(tb, b.ctx)
}

// Tab is one tab. A step that has not succeeded after StepLimit is fatal, with
// what the tab shows in the log.
type Tab struct {
	StepLimit time.Duration // 40 s to begin with
	ctx       context.Context
	mu        sync.Mutex
	console   []string
}

func newTab(tb testing.TB, parent context.Context, options ...chromedp.ContextOption) *Tab {
	tb.Helper()
	ctx, stop := chromedp.NewContext(parent, options...)
	tb.Cleanup(stop)
	t := &Tab{StepLimit: 40 * time.Second, ctx: ctx}
	if err := chromedp.Do(ctx); err != nil { // opens the tab; must have no time limit
		tb.Fatalf("open a tab: %v", err)
	}
	messages := chromedp.Console(ctx)
	go func() {
		for message, err := range messages {
			if err != nil {
				return
			}
			t.mu.Lock()
			t.console = append(t.console, string(message.Type)+": "+message.Text)
			t.mu.Unlock()
		}
	}()
	return t
}

// Context returns the tab's chromedp context, for steps not wrapped here.
func (t *Tab) Context() context.Context { return t.ctx }

// Console returns what the page and the browser wrote to the console so far:
// script errors, refusals by the Content-Security-Policy, failed requests.
func (t *Tab) Console() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.console)
}
