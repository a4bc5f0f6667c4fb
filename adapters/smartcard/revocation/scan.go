package revocation

import (
	"bufio"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
)

// MaxList bounds a revocation list in DER, in bytes.
const MaxList = 200 << 20

// Bounds of what is read of it, in bytes.
const (
	maxPart  = 64 << 10 // what comes before the entries of a list, or after them
	maxEntry = 4 << 10  // one entry
)

// ErrList is returned for a revocation list that must not be used.
var ErrList = errors.New("revocation: list is not acceptable")

func malformed(what string) error { return fmt.Errorf("%w: malformed %s", ErrList, what) }

// outline is a list without its entries.
type outline struct {
	header    *x509.RevocationList // everything but the entries, not believed yet
	digest    []byte               // of what is signed
	signing   signing
	signature []byte
}

// scanner reads one list in DER from beginning to end and keeps nothing of its entries.
type scanner struct {
	in    *bufio.Reader
	left  int64     // of the list, in bytes
	head  []byte    // of what is signed, while it is not known by what hash
	start int       // in head, where tag and length of what is signed end
	hash  hash.Hash // nil so long
	entry []byte
	tag   [6]byte // and length
	quiet bool    // what is read is not of what is signed
}

// scan reads a list and hands every entry over as it comes: the number without leading zeros, and the reason. What it hands over
// is not believed yet, and number is overwritten by the next. (RFC 5280, section 5.1)
func scan(r io.Reader, each func(number []byte, reason int)) (outline, error) {
	s := &scanner{in: bufio.NewReaderSize(r, 32<<10), left: MaxList, quiet: true}
	length, err := s.open(der.SEQUENCE)
	if err != nil {
		return outline{}, err
	}
	s.left, s.quiet = length, false
	body, err := s.open(der.SEQUENCE)
	if err != nil {
		return outline{}, err
	}
	after := s.left - body
	o, tail, err := s.body(after, each)
	if err != nil {
		return outline{}, err
	}
	return s.finish(o, tail)
}

// body reads what is signed, up to the byte after which there are after left.
func (s *scanner) body(after int64, each func([]byte, int)) (outline, []byte, error) {
	s.start = len(s.head)
	if err := s.front(after); err != nil {
		return outline{}, nil, err
	}
	header, err := parseHeader(s.head[s.start:], nil, nil, nil)
	if err != nil {
		return outline{}, nil, err
	}
	o := outline{header: header}
	if o.signing, err = signingOf(header.SignatureAlgorithm); err != nil {
		return outline{}, nil, err
	}
	s.hash = o.signing.hash.New()
	s.hash.Write(s.head)
	if tag, _ := s.peek(); s.left > after && tag == der.SEQUENCE {
		if err := s.entries(after, each); err != nil {
			return outline{}, nil, err
		}
	}
	tail, err := s.take(s.left-after, maxPart)
	return o, slices.Clone(tail), err
}

// front reads version, signature, issuer, thisUpdate and nextUpdate.
func (s *scanner) front(after int64) error {
	element := func(tags ...der.Tag) error {
		tag, err := s.peek()
		if err != nil {
			return err
		}
		for _, want := range tags {
			if tag != want {
				continue
			}
			n, err := s.open(tag)
			if err == nil {
				_, err = s.take(n, maxPart)
			}
			if err == nil && (s.left < after || len(s.head) > maxPart) {
				err = malformed("header")
			}
			return err
		}
		return malformed("header")
	}
	if tag, _ := s.peek(); tag == der.INTEGER {
		if err := element(der.INTEGER); err != nil {
			return err
		}
	}
	for _, tags := range [][]der.Tag{{der.SEQUENCE}, {der.SEQUENCE}, {der.UTCTime, der.GeneralizedTime}, {der.UTCTime, der.GeneralizedTime}} {
		if err := element(tags...); err != nil {
			return err
		}
	}
	return nil
}

func (s *scanner) entries(after int64, each func([]byte, int)) error {
	length, err := s.open(der.SEQUENCE)
	if err != nil {
		return err
	}
	end := s.left - length
	if end < after {
		return malformed("entries")
	}
	for s.left > end {
		n, err := s.open(der.SEQUENCE)
		if err != nil {
			return err
		}
		if n > maxEntry || s.left-n < end {
			return malformed("entry")
		}
		content, err := s.take(n, maxEntry)
		if err != nil {
			return err
		}
		number, reason, err := readEntry(content)
		if err != nil {
			return err
		}
		each(number, reason)
	}
	return nil
}

// finish reads the signature, and that nothing follows.
func (s *scanner) finish(o outline, tail []byte) (outline, error) {
	o.digest = s.hash.Sum(nil)
	s.quiet = true
	rest, err := s.take(s.left, maxPart)
	if err != nil {
		return outline{}, err
	}
	if _, err := s.in.ReadByte(); !errors.Is(err, io.EOF) {
		return outline{}, malformed("list: something follows it")
	}
	var algorithm cryptobyte.String
	var signature asn1.BitString
	in := cryptobyte.String(rest)
	if !in.ReadASN1Element(&algorithm, der.SEQUENCE) || !in.ReadASN1BitString(&signature) || !in.Empty() {
		return outline{}, malformed("signature")
	}
	// The standard library compares both places that name the algorithm.
	o.header, err = parseHeader(s.head[s.start:], tail, algorithm, &signature)
	if err != nil {
		return outline{}, err
	}
	o.signature = signature.RightAlign()
	return o, nil
}

func (s *scanner) peek() (der.Tag, error) {
	b, err := s.in.Peek(1)
	if err != nil {
		return 0, malformed("list: it is cut off")
	}
	return der.Tag(b[0]), nil
}

// open reads tag and length of an element that must be of the tag and fit. (X.690, section 10.1: definite, shortest form)
func (s *scanner) open(tag der.Tag) (int64, error) {
	b := s.tag[:]
	if err := s.fill(b[:2]); err != nil {
		return 0, err
	}
	if der.Tag(b[0]) != tag {
		return 0, malformed("list")
	}
	length, used := int64(b[1]), 2
	if b[1]&0x80 != 0 {
		n := int(b[1] & 0x7f)
		if n == 0 || n > 4 {
			return 0, malformed("length")
		}
		if err := s.fill(b[2 : 2+n]); err != nil {
			return 0, err
		}
		length, used = 0, 2+n
		for _, x := range b[2:used] {
			length = length<<8 | int64(x)
		}
		if length < 0x80 || n > 1 && length < 1<<(8*(n-1)) {
			return 0, malformed("length")
		}
	}
	if length > s.left {
		if s.quiet {
			return 0, fmt.Errorf("%w: larger than %d bytes", ErrList, MaxList)
		}
		return 0, malformed("length")
	}
	s.note(b[:used])
	return length, nil
}

// take reads n bytes, which are good until the next call.
func (s *scanner) take(n, limit int64) ([]byte, error) {
	if n < 0 || n > limit {
		return nil, malformed("list: a part is too large")
	}
	if int64(cap(s.entry)) < n {
		s.entry = make([]byte, n)
	}
	b := s.entry[:n]
	if err := s.fill(b); err != nil {
		return nil, err
	}
	s.note(b)
	return b, nil
}

func (s *scanner) fill(b []byte) error {
	if int64(len(b)) > s.left {
		return malformed("list: it is cut off")
	}
	if _, err := io.ReadFull(s.in, b); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return malformed("list: it is cut off")
		}
		return fmt.Errorf("revocation: read list: %w", err)
	}
	s.left -= int64(len(b))
	return nil
}

// note remembers what is signed.
func (s *scanner) note(b []byte) {
	switch {
	case s.quiet:
	case s.hash != nil:
		s.hash.Write(b)
	default:
		s.head = append(s.head, b...)
	}
}

// parseHeader lets the standard library read the same list without its entries: it keeps each of them as a structure of pointers,
// sixteen times the size of what is needed here. algorithm nil: that of what is signed, with no signature.
func parseHeader(head, tail, algorithm []byte, signature *asn1.BitString) (*x509.RevocationList, error) {
	if algorithm == nil {
		in := cryptobyte.String(head)
		var inner cryptobyte.String
		if !in.SkipOptionalASN1(der.INTEGER) || !in.ReadASN1Element(&inner, der.SEQUENCE) {
			return nil, malformed("header")
		}
		algorithm, signature = inner, &asn1.BitString{}
	}
	var b cryptobyte.Builder
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddBytes(head)
			b.AddBytes(tail)
		})
		b.AddBytes(algorithm)
		b.AddASN1BitString(signature.RightAlign())
	})
	raw, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrList, err)
	}
	header, err := x509.ParseRevocationList(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrList, err)
	}
	return header, nil
}
