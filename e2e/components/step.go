package components

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// run does one step and is fatal, telling where the tab is, when it fails.
func run[T any](tb testing.TB, t *Tab, what string, action chromedp.Action[T]) T {
	tb.Helper()
	ctx, cancel := context.WithTimeout(t.ctx, t.StepLimit)
	defer cancel()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		tb.Fatalf("%s: %v\n%s", what, err, t.describe())
	}
	return value
}

// describe tells address and text of the page, as far as they can be had.
func (t *Tab) describe() string {
	ctx, cancel := context.WithTimeout(t.ctx, 3*time.Second)
	defer cancel()
	address, _ := chromedp.Run(ctx, chromedp.Location())
	text, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`document.documentElement.innerText`))
	return fmt.Sprintf("at %s\n%s\nconsole: %s", address, tail(text), strings.Join(t.Console(), "\n"))
}

// Do runs chromedp actions as one step.
func (t *Tab) Do(tb testing.TB, actions ...chromedp.Action[chromedp.Void]) {
	tb.Helper()
	run(tb, t, "steps", chromedp.Steps(actions...))
}

// Open goes to an address and waits until the page has loaded.
func (t *Tab) Open(tb testing.TB, address string) {
	tb.Helper()
	run(tb, t, "open "+address, chromedp.Navigate(address))
}

// See waits until an element is visible.
func (t *Tab) See(tb testing.TB, css string) {
	tb.Helper()
	run(tb, t, "see "+css, chromedp.WaitVisible(chromedp.CSS(css)))
}

// SeeText waits until the text of some element that css selects contains want.
func (t *Tab) SeeText(tb testing.TB, css, want string) {
	tb.Helper()
	script := fmt.Sprintf(`[...document.querySelectorAll(%q)].some(e => e.textContent.includes(%q))`, css, want)
	if !t.until(func(ctx context.Context) bool {
		found, err := chromedp.Run(ctx, chromedp.Evaluate[bool](script))
		return err == nil && found // an error: the page is just being replaced
	}) {
		tb.Fatalf("%q not seen in %s\n%s", want, css, t.describe())
	}
}

// SeeAddress waits until the tab's address begins with prefix.
func (t *Tab) SeeAddress(tb testing.TB, prefix string) {
	tb.Helper()
	if !t.until(func(context.Context) bool { return strings.HasPrefix(t.Address(tb), prefix) }) {
		tb.Fatalf("address does not begin with %s\n%s", prefix, t.describe())
	}
}

// until tries again, each time for three seconds at most, until it is done or the step's limit has passed.
func (t *Tab) until(done func(context.Context) bool) bool {
	for limit := time.Now().Add(t.StepLimit); time.Now().Before(limit); time.Sleep(50 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(t.ctx, 3*time.Second)
		ready := done(ctx)
		cancel()
		if ready {
			return true
		}
	}
	return false
}

// Address returns the tab's address.
func (t *Tab) Address(tb testing.TB) string {
	tb.Helper()
	return run(tb, t, "address", chromedp.Location())
}

// Text returns an element's text.
func (t *Tab) Text(tb testing.TB, css string) string {
	tb.Helper()
	return run(tb, t, "text of "+css, chromedp.TextContent(chromedp.CSS(css)))
}

// Click clicks an element as soon as it is visible and enabled, and returns at once.
func (t *Tab) Click(tb testing.TB, css string) {
	tb.Helper()
	run(tb, t, "press "+css, chromedp.WaitEnabled(chromedp.CSS(css)))
	run(tb, t, "click "+css, chromedp.Click(chromedp.CSS(css), chromedp.NodeVisible))
}

// Follow clicks a link or button and waits until the next page has loaded.
// When that page goes on by itself (a SAML POST), wait with See or SeeAddress
// for where it is to end.
func (t *Tab) Follow(tb testing.TB, css string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(t.ctx, t.StepLimit)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(css), chromedp.NodeVisible)); err != nil {
		tb.Fatalf("follow %s: %v\n%s", css, err, t.describe())
	}
}

// Type fills a field, key by key.
func (t *Tab) Type(tb testing.TB, css, text string) {
	tb.Helper()
	run(tb, t, "type into "+css, chromedp.SendKeys(chromedp.CSS(css), text, chromedp.NodeVisible))
}

// Script evaluates a JavaScript expression, awaits a promise, and returns the
// result as a string.
func (t *Tab) Script(tb testing.TB, expression string) string {
	tb.Helper()
	return run(tb, t, "script", chromedp.Evaluate[string]("Promise.resolve("+expression+").then(String)", chromedp.EvalAwaitPromise))
}

// DisableScripts turns JavaScript off for the tab's next pages.
func (t *Tab) DisableScripts(tb testing.TB, off bool) {
	tb.Helper()
	run(tb, t, "disable scripts", chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled,
			emulation.SetScriptExecutionDisabledParams{Value: off})
		return err
	}))
}

// unlaid is how the browser refuses the picture of a page that it has not laid out yet: its style sheet is still under way.
const unlaid = "Cannot take screenshot with 0 width"

// Screenshot writes the whole page as PNG and returns the file: in the
// directory that LANYARD_TEST_SCREENSHOTS names, else in a temporary one.
func (t *Tab) Screenshot(tb testing.TB, name string) string {
	tb.Helper()
	dir := os.Getenv("LANYARD_TEST_SCREENSHOTS")
	if dir == "" {
		dir = directory(tb, "pictures")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.ctx, t.StepLimit)
	defer cancel()
	var picture []byte
	var err error
	if !t.until(func(context.Context) bool {
		picture, err = chromedp.Run(ctx, chromedp.FullScreenshot(100))
		return err == nil || !strings.Contains(err.Error(), unlaid)
	}) || err != nil {
		tb.Fatalf("screenshot: %v\n%s", err, t.describe())
	}
	return write(tb, dir, filepath.Base(name)+".png", string(picture))
}
