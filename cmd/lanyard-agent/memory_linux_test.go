package main

import (
	"strings"
	"testing"
)

func TestUnwritten(t *testing.T) {
	const smaps = `00400000-00700000 r-xp 00000000 08:01 10                        /usr/local/bin/lanyard-agent
Size:               3072 kB
Anonymous:             0 kB
00700000-00800000 r--p 00300000 08:01 10                        /usr/local/bin/lanyard-agent
Rss:                 100 kB
Anonymous:             8 kB
00800000-00900000 rw-p 00300000 08:01 10                        /usr/local/bin/lanyard-agent
Anonymous:             0 kB
c000000000-c000400000 rw-p 00000000 00:00 0
Anonymous:             0 kB
7f0000000000-7f0000001000 r--p 00000000 00:00 0                 [vvar]
Anonymous:             0 kB
7f0000100000-7f0000200000 r--s 00000000 08:01 11                /usr/share/locale/x
Anonymous:             0 kB
7f0000300000-7f0000400000 r--p 00000000 08:01 12                /usr/lib/libc.so.6
Anonymous:             0 kB
`
	got := unwritten(strings.NewReader(smaps))
	if len(got) != 2 || got[0] != (mapping{0x400000, 0x700000}) || got[1] != (mapping{0x7f0000300000, 0x7f0000400000}) {
		t.Errorf("%x", got)
	}
	trim() // of this test; that it goes on says that nothing was lost
}
