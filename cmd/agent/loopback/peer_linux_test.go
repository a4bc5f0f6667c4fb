package loopback

import (
	"strings"
	"testing"
)

func TestReadRow(t *testing.T) {
	const line = "   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1001        0 12345 1 0000000000000000 20 4 30 10 -1"
	r, err := readRow(line)
	if err != nil || r.uid != 1001 || r.state != established || r.local.port != 8080 || r.local.ip.String() != "127.0.0.1" || r.remote.port != 50000 {
		t.Errorf("%+v, %v", r, err)
	}
	mapped, err := readEnd("0000000000000000FFFF00000100007F:0050")
	if err != nil || mapped.ip.String() != "127.0.0.1" {
		t.Errorf("%v, %v", mapped.ip, err)
	}
	if six, err := readEnd("00000000000000000000000001000000:0050"); err != nil || six.ip.String() != "::1" {
		t.Errorf("%v, %v", six.ip, err)
	}
	for _, bad := range []string{"", "sl local_address", strings.Replace(line, "1001", "x", 1), strings.Replace(line, "0100007F", "01007F", 1), strings.Replace(line, ":1F90", "1F90", 1)} {
		if _, err := readRow(bad); err == nil {
			t.Errorf("%q is a row", bad)
		}
	}
}
