package cryptoki

import (
	"errors"
	"fmt"
)

// Session is a session with a token, to read and to sign.
type Session struct {
	module *Module
	handle uintptr
}

// Object and Mechanism are numbers of a module and of the standard.
type (
	Object    uint
	Mechanism uint64
)

// maxSignature bounds a signature, in bytes: RSA with a key of 16384 bits.
const maxSignature = 2048

// OpenSession opens a session with the token in a slot.
func (m *Module) OpenSession(slot uint) (Session, error) {
	var l loan
	defer l.end()
	handle := m.at.fresh(0)
	err := m.do(openSession, uintptr(slot), serialSession, 0, 0, l.of(handle))
	return Session{m, uintptr(m.at.number(handle))}, err
}

// Close ends the session.
func (s Session) Close() error { return s.module.do(closeSession, s.handle) }

// Login logs the user in. Without a PIN the person enters it on the reader. The module reads the PIN where it lies.
func (s Session) Login(pin []byte) error {
	var l loan
	defer l.end()
	return s.module.do(login, s.handle, user, l.of(pin), uintptr(len(pin)))
}

// Logout logs the user out of all sessions with this token.
func (s Session) Logout() error { return s.module.do(logout, s.handle) }

// Attribute is what an object must have to be found.
type Attribute struct {
	kind  uint64
	value func(layout) []byte
}

// Number is an attribute with a number.
func Number(kind, value uint64) Attribute {
	return Attribute{kind, func(at layout) []byte { return at.fresh(value) }}
}

// Bytes is an attribute with bytes.
func Bytes(kind uint64, value []byte) Attribute {
	return Attribute{kind, func(layout) []byte { return value }}
}

// Find returns the objects of a class, at most so many.
func (s Session) Find(most int, class uint64, and ...Attribute) ([]Object, error) {
	m, l := s.module, loan{}
	defer l.end()
	template := append([]Attribute{Number(classAttribute, class)}, and...)
	at := m.at.attribute
	attributes := make([]byte, len(template)*at.size)
	for i, a := range template {
		row, value := attributes[i*at.size:], a.value(m.at)
		m.at.put(row, a.kind)
		putPointer(row[at.value:], l.of(value))
		m.at.put(row[at.length:], uint64(len(value)))
	}
	if err := m.do(findObjectsInit, s.handle, l.of(attributes), uintptr(len(template))); err != nil {
		return nil, err
	}
	out, err := s.found(most)
	if err := errors.Join(err, m.do(findObjectsFinal, s.handle)); err != nil {
		return nil, err
	}
	return out, nil
}

// found asks until there are no more: a module may hand out one by one.
func (s Session) found(most int) ([]Object, error) {
	m, l := s.module, loan{}
	defer l.end()
	var out []Object
	for len(out) < most {
		handles, count := make([]byte, (most-len(out))*m.at.ulong), m.at.fresh(0)
		if err := m.do(findObjects, s.handle, l.of(handles), uintptr(most-len(out)), l.of(count)); err != nil {
			return nil, err
		}
		got, err := m.numbers(handles, count)
		if err != nil {
			return nil, err
		}
		if len(got) == 0 {
			break
		}
		for _, handle := range got {
			out = append(out, Object(handle))
		}
	}
	return out, nil
}

// Get reads an attribute of at most so many bytes. A longer one, and one that the token does not tell, is an error.
func (s Session) Get(o Object, kind uint64, most int) ([]byte, error) {
	m, l := s.module, loan{}
	defer l.end()
	at := m.at.attribute
	row := make([]byte, at.size)
	m.at.put(row, kind)
	ask := func(value []byte) (int, error) {
		putPointer(row[at.value:], l.of(value))
		m.at.put(row[at.length:], uint64(len(value)))
		if err := m.do(getAttributeValue, s.handle, uintptr(o), l.of(row), 1); err != nil {
			return 0, err
		}
		// CK_UNAVAILABLE_INFORMATION, all ones, is longer than anything.
		if n := m.at.number(row[at.length:]); n <= uint64(most) {
			return int(n), nil
		}
		return 0, fmt.Errorf("%w: attribute 0x%x is longer than %d bytes", ErrAnswer, kind, most)
	}
	length, err := ask(nil)
	if err != nil || length == 0 {
		return nil, err
	}
	most = length // what comes must fit in what was made for it
	value := make([]byte, length)
	length, err = ask(value)
	if err != nil {
		return nil, err
	}
	return value[:length], nil
}

// Sign signs the input by a mechanism without parameters.
func (s Session) Sign(key Object, mechanism Mechanism, input []byte) ([]byte, error) {
	m, l := s.module, loan{}
	defer l.end()
	how := make([]byte, m.at.mechanism.size)
	m.at.put(how, uint64(mechanism))
	if err := m.do(signInit, s.handle, l.of(how), uintptr(key)); err != nil {
		return nil, err
	}
	signature, length := make([]byte, maxSignature), m.at.fresh(maxSignature)
	if err := m.do(sign, s.handle, l.of(input), uintptr(len(input)), l.of(signature), l.of(length)); err != nil {
		return nil, err
	}
	if n := m.at.number(length); n <= maxSignature {
		return signature[:n], nil
	}
	return nil, fmt.Errorf("%w: a signature of %d bytes", ErrAnswer, m.at.number(length))
}
