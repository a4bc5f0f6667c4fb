package hub

import (
	"runtime"
	"slices"
	"testing"
)

func TestCollector(t *testing.T) {
	const mib = 1 << 20
	for _, tt := range []struct {
		name  string
		live  uint64
		ran   []uint64 // collections before each look
		turns []int
		given int
	}{
		{"at rest", 7 * mib, []uint64{0, 1, 0, 3, 0}, nil, 0},
		{"busy", 7 * mib, []uint64{4, 1, 1}, []int{400}, 0},
		{"busy, much alive", 48 * mib, []uint64{9}, []int{200}, 0},
		{"busy, very much alive", 900 * mib, []uint64{9, 9}, []int{100, 100}, 0},
		{"nothing alive yet", 0, []uint64{9}, []int{400}, 0},
		{"a pause is not the end", 7 * mib, []uint64{4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0}, []int{400}, 0},
		{"calm again", 7 * mib, append([]uint64{4}, make([]uint64, 12)...), []int{400, 100}, 1},
		{"and busy again", 7 * mib, append(append([]uint64{4}, make([]uint64, 10)...), 4), []int{400, 100, 400}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var cycles uint64
			var turns []int
			given := 0
			c := &collector{
				set: calmPercent, heap: func() (uint64, uint64) { return cycles, tt.live },
				percent:  func(p int) int { turns = append(turns, p); return 0 },
				giveBack: func() { given++; cycles += 3 },
			}
			for _, ran := range tt.ran {
				cycles += ran
				c.look()
			}
			if !slices.Equal(turns, tt.turns) || given != tt.given {
				t.Errorf("turns %v, given back %d times; want %v, %d", turns, given, tt.turns, tt.given)
			}
		})
	}
}

func TestReadHeap(t *testing.T) {
	before, _ := readHeap()
	runtime.GC()
	after, live := readHeap()
	if after <= before || live == 0 {
		t.Errorf("collections %d, then %d; %d bytes alive", before, after, live)
	}
}
