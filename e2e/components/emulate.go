package components

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// Resize shows the tab in a window of this size in CSS pixels: 320 by 256 is a screen of 1280 by 1024 at a zoom of 400 %.
func (t *Tab) Resize(tb testing.TB, width, height int64) {
	tb.Helper()
	call(tb, t, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1})
}

// ForceColors shows the tab in the few colours that a person chose, as a high-contrast theme does, or no more.
func (t *Tab) ForceColors(tb testing.TB, on bool) {
	tb.Helper()
	value := "none"
	if on {
		value = "active"
	}
	call(tb, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "forced-colors", Value: value}}})
}

// Press strikes one key wherever the focus is: one of chromedp's kb, or a letter.
func (t *Tab) Press(tb testing.TB, key string) {
	tb.Helper()
	t.Do(tb, chromedp.KeyEvent(key))
}
