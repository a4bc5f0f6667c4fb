package cryptoki

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// Module is middleware in this process. One call at a time, except WaitForSlotEvent, which may be under way beside others. A library is
// never unloaded: one that was in use has threads and handlers of its own.
type Module struct {
	at    layout
	call  func(f function, args ...uintptr) uintptr
	alone bool // it cannot be called from two threads at once
	waits bool // it has a C_WaitForSlotEvent
}

// maxSlots bounds how many slots of a module are looked at.
const maxSlots = 256

// Open loads the library at an absolute path, and does not initialise it: ErrSystem, ErrLoad or ErrList.
func Open(path string) (*Module, error) {
	if !filepath.IsAbs(path) {
		return nil, fmt.Errorf("%w: %q is not an absolute path", ErrLoad, path)
	}
	ask, err := load(path)
	if err != nil {
		return nil, err
	}
	return open(native(), ask)
}

// open asks C_GetFunctionList, which is at an address, for the list.
func open(at layout, ask uintptr) (*Module, error) {
	var l loan
	defer l.end()
	where := make([]byte, 8)
	if code := at.code(invoke(ask, l.of(where))); code != 0 {
		return nil, fmt.Errorf("%w: C_GetFunctionList: %w", ErrList, code)
	}
	functions, err := at.list(uintptr(binary.NativeEndian.Uint64(where)))
	if err != nil {
		return nil, err
	}
	call := func(f function, args ...uintptr) uintptr { return invoke(functions[f], args...) }
	return &Module{at: at, call: call, waits: functions[waitForSlotEvent] != 0}, nil
}

// do calls a function; nil or an error that is a Code.
func (m *Module) do(f function, args ...uintptr) error {
	if code := m.at.code(m.call(f, args...)); code != 0 {
		return fmt.Errorf("%s: %w", f, code)
	}
	return nil
}

// Initialize calls C_Initialize, for use from several threads if the module can.
func (m *Module) Initialize() error {
	var l loan
	defer l.end()
	args := make([]byte, m.at.initArgs.size)
	m.at.put(args[m.at.initArgs.flags:], osLockingOK)
	err := m.do(initialize, l.of(args))
	if errors.Is(err, cantLock) {
		m.alone = true
		err = m.do(initialize, 0)
	}
	return err
}

// Finalize calls C_Finalize.
func (m *Module) Finalize() error { return m.do(finalize, 0) }

// Slots lists the slots, also those without a token.
func (m *Module) Slots() ([]uint, error) {
	var l loan
	defer l.end()
	count := m.at.fresh(0)
	// A module looks for readers that are new in the call without a buffer alone (PKCS#11 2.40 base specification, 5.5).
	if err := m.do(getSlotList, 0, 0, l.of(count)); err != nil {
		return nil, err
	}
	if m.at.number(count) == 0 {
		return nil, nil
	}
	ids := make([]byte, maxSlots*m.at.ulong)
	m.at.put(count, maxSlots)
	if err := m.do(getSlotList, 0, l.of(ids), l.of(count)); err != nil {
		return nil, err
	}
	return m.numbers(ids, count)
}

// numbers reads as many numbers as the module says that it wrote.
func (m *Module) numbers(from, count []byte) ([]uint, error) {
	n := m.at.number(count)
	if most := len(from) / m.at.ulong; n > uint64(most) {
		return nil, fmt.Errorf("%w: %d of at most %d", ErrAnswer, n, most)
	}
	out := make([]uint, n)
	for i := range out {
		out[i] = uint(m.at.number(from[i*m.at.ulong:]))
	}
	return out, nil
}

// SlotInfo is what is used of CK_SLOT_INFO.
type SlotInfo struct {
	Description string
	Flags       uint64
}

// SlotInfo asks a slot.
func (m *Module) SlotInfo(slot uint) (SlotInfo, error) {
	info, err := m.info(getSlotInfo, slot, m.at.slotInfo.size)
	if err != nil {
		return SlotInfo{}, err
	}
	return SlotInfo{text(info, 0, descriptionLength), m.at.number(info[m.at.slotInfo.flags:])}, nil
}

// TokenInfo is what is used of CK_TOKEN_INFO.
type TokenInfo struct {
	Label  string
	Serial string
	Flags  uint64
}

// TokenInfo asks the token in a slot.
func (m *Module) TokenInfo(slot uint) (TokenInfo, error) {
	at := m.at.tokenInfo
	info, err := m.info(getTokenInfo, slot, at.size)
	if err != nil {
		return TokenInfo{}, err
	}
	return TokenInfo{text(info, 0, labelLength), text(info, at.serial, serialLength), m.at.number(info[at.flags:])}, nil
}

func (m *Module) info(f function, slot uint, size int) ([]byte, error) {
	var l loan
	defer l.end()
	info := make([]byte, size)
	return info, m.do(f, uintptr(slot), l.of(info))
}

// text of a fixed length, padded with blanks; some modules pad or end it with zeros.
func text(structure []byte, from, length int) string {
	t, _, _ := strings.Cut(string(structure[from:from+length]), "\x00")
	return strings.TrimSpace(strings.ToValidUTF8(t, "\uFFFD"))
}

// WaitForSlotEvent keeps a thread until something happened in a slot. FunctionNotSupported if the module cannot tell.
func (m *Module) WaitForSlotEvent() error {
	if !m.waits || m.alone {
		return fmt.Errorf("%s: %w", waitForSlotEvent, FunctionNotSupported)
	}
	var l loan
	defer l.end()
	return m.do(waitForSlotEvent, 0, l.of(m.at.fresh(0)), 0)
}
