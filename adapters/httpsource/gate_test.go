package httpsource

import (
	"errors"
	"net/netip"
	"testing"
)

func TestGate(t *testing.T) {
	const never, intranet, loopback, always = 0, 1, 2, 3
	for address, when := range map[string]int{
		"8.8.8.8": always, "2a00:1450:4009::1": always, "193.63.72.83": always,
		"10.1.2.3": intranet, "172.16.0.1": intranet, "192.168.1.1": intranet, "100.64.0.1": intranet, "fd12::1": intranet, "64:ff9b::a01:203": intranet, "64:ff9b:1::a01:203": intranet,
		"127.0.0.1": loopback, "127.9.9.9": loopback, "::1": loopback, "::ffff:127.0.0.1": loopback, "64:ff9b::7f00:1": loopback, "2002:7f00:1::1": loopback,
		"169.254.169.254": never, "::ffff:169.254.169.254": never, "64:ff9b::a9fe:a9fe": never, "64:ff9b:1::a9fe:a9fe": never, "2002:a9fe:a9fe::": never, "::a9fe:a9fe": never,
		"fe80::1": never, "fe80::1%eth0": never, "0.0.0.0": never, "::": never, "0.1.2.3": never, "224.0.0.1": never, "ff02::1": never,
		"255.255.255.255": never, "240.0.0.1": never, "100.100.100.200": never, "fd00:ec2::254": never, "192.0.0.192": never,
		"198.18.0.1": never, "203.0.113.1": never, "2001:db8::1": never, "fec0::1": never, "2001::1": never,
	} {
		for _, g := range []gate{{}, {private: true}, {loopback: true}} {
			want := when == always || when == intranet && g.private || when == loopback && g.loopback
			if got := g.allows(netip.MustParseAddr(address)); got != want {
				t.Errorf("%s with %+v: allowed %v", address, g, got)
			}
		}
	}
	for _, bad := range []string{"", "example.org:443", "127.0.0.1"} {
		if err := (gate{loopback: true}).control("tcp", bad, nil); !errors.Is(err, ErrAddress) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
