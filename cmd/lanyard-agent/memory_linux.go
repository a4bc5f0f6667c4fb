package main

import (
	"bufio"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// trim gives back the pages of program and middleware that starting needed and waiting does not: they stay in the kernel's cache and
// come back when they are touched. What cannot be done is left.
func trim() {
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		return
	}
	defer f.Close()
	for _, m := range unwritten(f) {
		_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, m.start, m.end-m.start, syscall.MADV_DONTNEED)
	}
}

// mapping is a range of addresses.
type mapping struct{ start, end uintptr }

// unwritten lists mappings of files that cannot be written and of which no page ever was: pages that a loader wrote before it took
// the right to write away exist in memory alone.
func unwritten(smaps io.Reader) []mapping {
	var out []mapping
	var now mapping
	candidate := false
	lines := bufio.NewScanner(smaps)
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		switch {
		case len(f) < 2:
		case f[0] == "Anonymous:":
			if candidate && f[1] == "0" {
				out = append(out, now)
			}
			candidate = false
		case !strings.HasSuffix(f[0], ":"):
			now, candidate = readMapping(f)
		}
	}
	return out
}

// readMapping reads the first line of an entry, such as "7f00-7fff r-xp 00000000 08:01 1234 /usr/lib/libc.so.6".
func readMapping(f []string) (mapping, bool) {
	from, to, ok := strings.Cut(f[0], "-")
	start, err := strconv.ParseUint(from, 16, 64)
	end, wrong := strconv.ParseUint(to, 16, 64)
	if !ok || err != nil || wrong != nil || end <= start || len(f) < 6 || !strings.HasPrefix(f[5], "/") || strings.Contains(f[1], "w") || !strings.HasSuffix(f[1], "p") {
		return mapping{}, false
	}
	return mapping{uintptr(start), uintptr(end)}, true
}
