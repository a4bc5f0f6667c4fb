package cryptoki

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"slices"
	"testing"
)

// token is a module in Go that answers by a layout, and from the addresses that it is given alone, as C does. It has one reader with one
// certificate and its key. Where a test put a value for a function, that function returns it and does nothing else.
type token struct {
	t      *testing.T
	at     layout
	fails  map[function]Code
	does   map[function]func(args []uintptr) Code // instead
	pin    string
	where  uintptr // the address that the last PIN was read at
	in     bool
	opened int
	calls  []function
	finds  [][]uintptr // answers of the searches under way, a batch a call
	signs  Mechanism
	flags  uint64 // of C_Initialize
}

const (
	theSlot, theSession, theCertificate, theKey = 0x7e000001, 0x5e000002, 0x0c000003, 0x0d000004
	theID, theDER, theSignature                 = "\x01\x02", "certificate", "signature"
)

// layouts are those of all systems.
func layouts() map[string]layout { return map[string]layout{"unix": unix(), "windows": windows()} }

// eachLayout runs a test with a module of each layout.
func eachLayout(t *testing.T, test func(t *testing.T, m *Module, card *token)) {
	for name, at := range layouts() {
		t.Run(name, func(t *testing.T) {
			card := &token{t: t, at: at, pin: "2468", fails: map[function]Code{}, does: map[function]func([]uintptr) Code{}}
			test(t, &Module{at: at, call: card.call, waits: true}, card)
		})
	}
}

func (c *token) call(f function, args ...uintptr) uintptr {
	runtime.GC() // whatever nobody holds is gone now
	c.calls = append(c.calls, f)
	noise := uintptr(0) // a register is wider than a CK_RV of four bytes
	if c.at.ulong == 4 {
		noise = 0xabcd << 32
	}
	if code, ok := c.fails[f]; ok {
		return uintptr(code) | noise
	}
	if do, ok := c.does[f]; ok {
		return uintptr(do(args)) | noise
	}
	return uintptr(c.answer(f, args)) | noise
}

func (c *token) answer(f function, args []uintptr) Code {
	switch f {
	case initialize:
		if args[0] != 0 {
			c.flags = c.at.number(foreign(args[0]+uintptr(c.at.initArgs.flags), 8))
		}
	case getSlotList:
		return c.many(args[1], args[2], theSlot)
	case getSlotInfo:
		return c.slotInfo(args)
	case getTokenInfo:
		info := foreign(args[1], c.at.tokenInfo.size)
		c.padded(info[:32], "card")
		c.padded(info[c.at.tokenInfo.serial:][:16], "0042")
		c.at.put(info[c.at.tokenInfo.flags:], FlagInitialized|FlagPINCountLow)
	case openSession:
		c.opened++
		c.put(args[4], theSession)
	case closeSession:
		c.opened--
	case login:
		return c.login(args)
	case logout:
		c.in = false
	case findObjectsInit:
		return c.search(args)
	case findObjects:
		return c.found(args)
	case findObjectsFinal:
		c.finds = nil
	case getAttributeValue:
		return c.attribute(args)
	case signInit:
		if c.signs = Mechanism(c.at.number(foreign(args[1], c.at.ulong))); !c.in || args[2] != theKey {
			return 0x101 // CKR_USER_NOT_LOGGED_IN
		}
	case sign:
		if string(foreign(args[1], int(args[2]))) != "digest" {
			return 0x21 // CKR_DATA_LEN_RANGE
		}
		return c.bytes(args[3], args[4], theSignature)
	}
	return 0
}

func (c *token) padded(b []byte, text string) {
	copy(b, text+string(bytes.Repeat([]byte{' '}, len(b)-len(text))))
}

func (c *token) put(address uintptr, number uint64) { c.at.put(foreign(address, c.at.ulong), number) }

// many writes numbers as C does: into a buffer if there is one that is long enough, and how many there are.
func (c *token) many(into, count uintptr, numbers ...uint64) Code {
	room := c.at.number(foreign(count, c.at.ulong))
	c.put(count, uint64(len(numbers)))
	if into == 0 {
		return 0
	}
	if room < uint64(len(numbers)) {
		return 0x150 // CKR_BUFFER_TOO_SMALL
	}
	for i, n := range numbers {
		c.put(into+uintptr(i*c.at.ulong), n)
	}
	return 0
}

func (c *token) bytes(into, length uintptr, value string) Code {
	room := c.at.number(foreign(length, c.at.ulong))
	c.put(length, uint64(len(value)))
	if into != 0 && room < uint64(len(value)) {
		return 0x150
	}
	if into != 0 {
		copy(foreign(into, len(value)), value)
	}
	return 0
}

func (c *token) slotInfo(args []uintptr) Code {
	if args[0] != theSlot {
		return SlotIDInvalid
	}
	info := foreign(args[1], c.at.slotInfo.size)
	c.padded(info[:64], "Reader A")
	c.at.put(info[c.at.slotInfo.flags:], FlagTokenPresent)
	return 0
}

func (c *token) login(args []uintptr) Code {
	c.where = args[2]
	if args[1] != user || args[2] == 0 || string(foreign(args[2], int(args[3]))) != c.pin {
		return PINIncorrect
	}
	c.in = true
	return 0
}

// row reads an attribute's kind, address and length.
func (c *token) row(address uintptr) (kind uint64, value uintptr, length uint64) {
	at := c.at.attribute
	row := foreign(address, at.size)
	return c.at.number(row), uintptr(binary.NativeEndian.Uint64(row[at.value:])), c.at.number(row[at.length:])
}

func (c *token) search(args []uintptr) Code {
	var class uint64
	matches := true
	for i := range args[2] {
		kind, value, length := c.row(args[1] + i*uintptr(c.at.attribute.size))
		switch kind {
		case classAttribute:
			class = c.at.number(foreign(value, int(length)))
		case CertificateType:
			matches = matches && c.at.number(foreign(value, int(length))) == X509
		case ID:
			matches = matches && string(foreign(value, int(length))) == theID
		}
	}
	switch {
	case class == Certificate && matches:
		c.finds = [][]uintptr{{theCertificate}}
	case class == PrivateKey && matches && c.in:
		c.finds = [][]uintptr{{theKey}}
	}
	return 0
}

func (c *token) found(args []uintptr) Code {
	if len(c.finds) == 0 {
		c.put(args[3], 0)
		return 0
	}
	batch := c.finds[0]
	c.finds = c.finds[1:]
	for i, handle := range batch[:min(len(batch), int(args[2]))] {
		c.put(args[1]+uintptr(i*c.at.ulong), uint64(handle))
	}
	c.put(args[3], uint64(len(batch)))
	return 0
}

func (c *token) attribute(args []uintptr) Code {
	kind, value, _ := c.row(args[2])
	length := args[2] + uintptr(c.at.attribute.length)
	switch {
	case kind == Value && args[1] == theCertificate:
		return c.bytes(value, length, theDER)
	case kind == ID:
		return c.bytes(value, length, theID)
	}
	c.put(length, ^uint64(0))
	return 0x12 // CKR_ATTRIBUTE_TYPE_INVALID
}

func (c *token) called(f function) bool { return slices.Contains(c.calls, f) }
