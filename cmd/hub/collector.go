package hub

import (
	"context"
	"os"
	"runtime/debug"
	rt "runtime/metrics"
	"time"
)

// The garbage collector starts when the heap has grown by so many percent of what is alive. Of a hub little is alive, so that under load a
// collection is due after every few megabytes and a sixth of the processor time goes there; at rest its memory should stay small. Hence two
// percentages, and a look each second at which of them fits.
const (
	calmPercent = 100
	busyPercent = 400
	lookEvery   = time.Second
	busyCycles  = 4        // so many collections between two looks, at calmPercent: busy
	calmLooks   = 10       // so many looks without one, at more: calm again
	headroom    = 96 << 20 // bytes of garbage that may wait, however much is alive
)

// collector decides how often garbage is collected.
type collector struct {
	heap     func() (cycles, live uint64) // collections so far, and the bytes that the last of them found alive
	percent  func(int) int                // debug.SetGCPercent
	giveBack func()                       // debug.FreeOSMemory

	seen  uint64 // collections at the last look
	set   int
	quiet int // looks since the last collection
}

func newCollector() *collector {
	c := &collector{heap: readHeap, percent: debug.SetGCPercent, giveBack: debug.FreeOSMemory, set: calmPercent}
	c.seen, _ = c.heap()
	return c
}

// TendMemory sets, until ctx ends, how often this process collects garbage. Who set GOGC has decided, and is left alone.
func TendMemory(ctx context.Context) {
	if os.Getenv("GOGC") == "" {
		ticking(ctx, lookEvery, newCollector().look)
	}
}

func (c *collector) look() {
	cycles, live := c.heap()
	ran := cycles - c.seen
	c.seen = cycles
	c.quiet++
	if ran > 0 {
		c.quiet = 0
	}
	switch {
	case c.set == calmPercent && ran >= busyCycles:
		c.turn(relaxed(live))
	case c.set > calmPercent && c.quiet >= calmLooks:
		c.turn(calmPercent)
		c.giveBack()
		c.seen, _ = c.heap() // that was a collection, too
	}
}

func (c *collector) turn(percent int) {
	c.set = percent
	c.percent(percent)
}

// relaxed is the percentage of a busy hub with so many bytes alive.
func relaxed(live uint64) int {
	return int(min(busyPercent, max(calmPercent, headroom*100/max(live, 1))))
}

func readHeap() (cycles, live uint64) {
	s := []rt.Sample{{Name: "/gc/cycles/total:gc-cycles"}, {Name: "/gc/heap/live:bytes"}}
	rt.Read(s)
	return s[0].Value.Uint64(), s[1].Value.Uint64()
}
