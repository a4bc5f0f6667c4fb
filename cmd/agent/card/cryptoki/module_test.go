package cryptoki

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"unsafe"
)

// TestModule goes the way of one signature, for each layout.
func TestModule(t *testing.T) {
	eachLayout(t, func(t *testing.T, m *Module, card *token) {
		if err := m.Initialize(); err != nil || card.flags != osLockingOK {
			t.Fatalf("%v, flags %x", err, card.flags)
		}
		slots, err := m.Slots()
		if err != nil || !slices.Equal(slots, []uint{theSlot}) {
			t.Fatalf("%v, %v", slots, err)
		}
		if info, err := m.SlotInfo(theSlot); err != nil || info != (SlotInfo{"Reader A", FlagTokenPresent}) {
			t.Errorf("%+v, %v", info, err)
		}
		if _, err := m.SlotInfo(4711); !errors.Is(err, SlotIDInvalid) {
			t.Errorf("%v of a slot that is not there", err)
		}
		if info, err := m.TokenInfo(theSlot); err != nil || info != (TokenInfo{"card", "0042", FlagInitialized | FlagPINCountLow}) {
			t.Errorf("%+v, %v", info, err)
		}
		s, err := m.OpenSession(theSlot)
		if err != nil {
			t.Fatal(err)
		}
		read(t, s)
		signs(t, s, card)
		if err := errors.Join(s.Logout(), s.Close(), m.WaitForSlotEvent(), m.Finalize()); err != nil || card.in || card.opened != 0 {
			t.Errorf("%v, logged in %t, %d sessions", err, card.in, card.opened)
		}
	})
}

func read(t *testing.T, s Session) {
	t.Helper()
	found, err := s.Find(64, Certificate, Number(CertificateType, X509))
	if err != nil || !slices.Equal(found, []Object{theCertificate}) {
		t.Fatalf("%v, %v", found, err)
	}
	if der, err := s.Get(theCertificate, Value, 100); err != nil || string(der) != theDER {
		t.Errorf("%q, %v", der, err)
	}
	if _, err := s.Get(theCertificate, Label, 100); err == nil {
		t.Error("a label that the token does not have")
	}
	if found, err := s.Find(64, PrivateKey); err != nil || len(found) != 0 {
		t.Errorf("%v, %v without a login", found, err)
	}
}

func signs(t *testing.T, s Session, card *token) {
	t.Helper()
	pin := []byte("2468")
	if err := s.Login([]byte("1")); !errors.Is(err, PINIncorrect) {
		t.Errorf("%v of a wrong PIN", err)
	}
	if err := s.Login(nil); !errors.Is(err, PINIncorrect) || card.where != 0 {
		t.Errorf("%v; without a PIN there is no address", err)
	}
	if err := s.Login(pin); err != nil {
		t.Fatal(err)
	}
	if card.where != uintptr(unsafe.Pointer(unsafe.SliceData(pin))) {
		t.Error("the module was given a copy of the PIN, which nobody wipes")
	}
	if found, err := s.Find(1, PrivateKey, Bytes(ID, []byte{9})); err != nil || len(found) != 0 {
		t.Errorf("%v, %v of another key", found, err)
	}
	found, err := s.Find(1, PrivateKey, Bytes(ID, []byte(theID)))
	if err != nil || !slices.Equal(found, []Object{theKey}) {
		t.Fatalf("%v, %v", found, err)
	}
	signature, err := s.Sign(theKey, ECDSA, []byte("digest"))
	if err != nil || string(signature) != theSignature || card.signs != ECDSA {
		t.Errorf("%q, %v by mechanism %x", signature, err, card.signs)
	}
}

// TestOneThread: a module that has no locks of its own is used from one thread, so that it cannot wait beside other calls.
func TestOneThread(t *testing.T) {
	eachLayout(t, func(t *testing.T, m *Module, card *token) {
		card.does[initialize] = func(args []uintptr) Code {
			if args[0] != 0 {
				return cantLock
			}
			return 0
		}
		if err := m.Initialize(); err != nil {
			t.Fatal(err)
		}
		if err := m.WaitForSlotEvent(); !errors.Is(err, FunctionNotSupported) || card.called(waitForSlotEvent) {
			t.Errorf("%v", err)
		}
	})
}

// TestFindGoesOn: a module may hand out its objects one by one; how many are wanted bounds them.
func TestFindGoesOn(t *testing.T) {
	eachLayout(t, func(t *testing.T, m *Module, card *token) {
		s := Session{m, theSession}
		card.does[findObjectsInit] = func([]uintptr) Code {
			card.finds = [][]uintptr{{1, 2}, {3}, {4}, {5}}
			return 0
		}
		for most, want := range map[int]int{2: 2, 3: 3, 64: 5} {
			if found, err := s.Find(most, Certificate); err != nil || len(found) != want {
				t.Errorf("%v, %v of at most %d", found, err, most)
			}
		}
	})
}

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"Reader A        ": "Reader A", "Reader A\x00garbage": "Reader A", "                ": "", "caf\xe9            ": "caf\uFFFD", "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00": "",
	} {
		if got := text(append([]byte("xx"), in...), 2, 16); got != want {
			t.Errorf("%q is %q", in, got)
		}
	}
}

// TestSecurityMiddleware: a module that is broken, or not what it says, gets errors for its answers, and nothing is read or made by
// a length of its own. It is in this process, and free to do worse.
func TestSecurityMiddleware(t *testing.T) {
	all := ^uint64(0) // CK_UNAVAILABLE_INFORMATION, cut to the width of a CK_ULONG
	slots := func(m *Module) error { _, err := m.Slots(); return err }
	find := func(m *Module) error { _, err := (Session{m, 1}).Find(64, Certificate); return err }
	get := func(m *Module) error { _, err := (Session{m, 1}).Get(theCertificate, Value, 100); return err }
	signed := func(m *Module) error { _, err := (Session{m, 1}).Sign(theKey, RSAPKCS, []byte("digest")); return err }
	cases := []struct {
		name string
		use  func(*Module) error
		with func(*token)
		want error
	}{
		{"a count of slots that is all ones", slots, func(c *token) { c.says(getSlotList, 2, all, all) }, ErrAnswer},
		{"more slots than there was room for", slots, func(c *token) { c.says(getSlotList, 2, 1, maxSlots+1) }, ErrAnswer},
		{"the list of slots grew beyond what is read", slots, func(c *token) { c.does[getSlotList] = c.grows }, Code(0x150)},
		{"more objects than were asked for", find, func(c *token) { c.says(findObjects, 3, 65) }, ErrAnswer},
		{"a count of objects that is all ones", find, func(c *token) { c.says(findObjects, 3, all) }, ErrAnswer},
		{"a search that cannot be ended", find, func(c *token) { c.fails[findObjectsFinal] = 5 }, Code(5)},
		{"an attribute that is not told", get, func(c *token) { c.attributes(all) }, ErrAnswer},
		{"an attribute too long", get, func(c *token) { c.attributes(101) }, ErrAnswer},
		{"an attribute that grew", get, func(c *token) { c.attributes(10, 11) }, ErrAnswer},
		{"an attribute that was not there the second time", get, func(c *token) { c.attributes(10, all) }, ErrAnswer},
		{"a signature longer than its room", signed, func(c *token) { c.in = true; c.says(sign, 4, maxSignature+1) }, ErrAnswer},
		{"a signature of a length that is all ones", signed, func(c *token) { c.in = true; c.says(sign, 4, all) }, ErrAnswer},
	}
	for _, x := range cases {
		t.Run(x.name, func(t *testing.T) {
			eachLayout(t, func(t *testing.T, m *Module, card *token) {
				x.with(card)
				if err := x.use(m); !errors.Is(err, x.want) {
					t.Errorf("%v, want %v", err, x.want)
				}
			})
		})
	}
	t.Run("an attribute that shrank", func(t *testing.T) {
		eachLayout(t, func(t *testing.T, m *Module, card *token) {
			card.attributes(10, 4)
			if got, err := (Session{m, 1}).Get(theCertificate, Value, 100); err != nil || !bytes.Equal(got, make([]byte, 4)) {
				t.Errorf("%q, %v", got, err)
			}
		})
	})
}

// says has a function write numbers where one of its arguments points to, one a call.
func (c *token) says(f function, argument int, numbers ...uint64) {
	c.does[f] = func(args []uintptr) Code {
		c.put(args[argument], numbers[0])
		numbers = numbers[min(1, len(numbers)-1):]
		return 0
	}
}

// attributes has C_GetAttributeValue tell lengths, one a call.
func (c *token) attributes(lengths ...uint64) {
	c.does[getAttributeValue] = func(args []uintptr) Code {
		c.put(args[2]+uintptr(c.at.attribute.length), lengths[0])
		lengths = lengths[min(1, len(lengths)-1):]
		return 0
	}
}

// grows has one slot more each time, the first time already more than are ever read.
func (c *token) grows(args []uintptr) Code {
	if args[1] == 0 {
		c.put(args[2], 1)
		return 0
	}
	return c.many(args[1], args[2], make([]uint64, maxSlots+1)...)
}

// FuzzAnswers has a module answer any call with any numbers, and write any of them where it may write. Whatever comes out is within
// the bounds.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{0xff}, 64))
	f.Add([]byte{0, 1, 0, 1, 0, 1, 0, 1, 0, 2, 0, 3})
	f.Fuzz(func(t *testing.T, script []byte) {
		next := func() byte {
			if len(script) == 0 {
				return 0
			}
			b := script[0]
			script = script[1:]
			return b
		}
		for _, at := range layouts() {
			m := &Module{at: at, waits: true}
			m.call = func(f function, args ...uintptr) uintptr {
				argument := map[function]int{getSlotList: 2, findObjects: 3, getAttributeValue: 2, sign: 4, openSession: 4}[f]
				if argument > 0 {
					offset := uintptr(0)
					if f == getAttributeValue {
						offset = uintptr(at.attribute.length)
					}
					at.put(foreign(args[argument]+offset, at.ulong), uint64(int64(int8(next()))))
				}
				return uintptr(next() & 1)
			}
			bounded(t, m)
		}
	})
}

func bounded(t *testing.T, m *Module) {
	if slots, _ := m.Slots(); len(slots) > maxSlots {
		t.Errorf("%d slots", len(slots))
	}
	s, _ := m.OpenSession(1)
	if found, _ := s.Find(5, Certificate, Bytes(ID, []byte("x"))); len(found) > 5 {
		t.Errorf("%d objects", len(found))
	}
	if value, _ := s.Get(1, Value, 50); len(value) > 50 {
		t.Errorf("%d bytes", len(value))
	}
	if signature, _ := s.Sign(1, RSAPKCS, []byte("digest")); len(signature) > maxSignature {
		t.Errorf("%d bytes", len(signature))
	}
}
