package revocation

import (
	"bytes"
	"math/big"
	"sort"
)

// maxSerial is the longest serial number, in octets (RFC 5280, section 4.1.2.2).
const maxSerial = 20

// serials is a set of serial numbers, a sorted run of bytes for each length. It has no pointers inside, so that hundreds of
// thousands of them cost their own octets and nothing for the garbage collector to look at.
type serials struct {
	runs [maxSerial + 1][]byte
}

// octets gives a serial number as sets keep it, big-endian without leading zeros; zero is one octet.
func octets(n *big.Int) ([]byte, bool) {
	if n == nil || n.Sign() < 0 || n.BitLen() > 8*maxSerial {
		return nil, false
	}
	return trim(n.Bytes()), true
}

// trim takes leading zeros off.
func trim(number []byte) []byte {
	if number = bytes.TrimLeft(number, "\x00"); len(number) == 0 {
		return []byte{0}
	}
	return number
}

// tally counts numbers by their length, so that a set can be made of the right size.
type tally [maxSerial + 1]int

func (t tally) set() serials {
	var s serials
	for length, n := range t {
		if n > 0 {
			s.runs[length] = make([]byte, 0, n*length)
		}
	}
	return s
}

// add takes a number of 1 to maxSerial octets; sort before asking.
func (s *serials) add(number []byte) {
	s.runs[len(number)] = append(s.runs[len(number)], number...)
}

func (s *serials) sort() {
	for length := range s.runs {
		r := run{bytes: s.runs[length], length: length}
		if !sort.IsSorted(r) {
			sort.Sort(r)
		}
		s.runs[length] = r.compact()
	}
}

func (s *serials) has(number []byte) bool {
	if len(number) == 0 || len(number) > maxSerial {
		return false
	}
	r := run{bytes: s.runs[len(number)], length: len(number)}
	i := sort.Search(r.Len(), func(i int) bool { return bytes.Compare(r.at(i), number) >= 0 })
	return i < r.Len() && bytes.Equal(r.at(i), number)
}

func (s *serials) len() int {
	n := 0
	for length := 1; length < len(s.runs); length++ {
		n += len(s.runs[length]) / length
	}
	return n
}

// run is numbers of one length, side by side.
type run struct {
	bytes  []byte
	length int
}

func (r run) at(i int) []byte { return r.bytes[i*r.length : (i+1)*r.length] }

// Len implements sort.Interface.
func (r run) Len() int {
	if r.length == 0 {
		return 0
	}
	return len(r.bytes) / r.length
}

// Less implements sort.Interface.
func (r run) Less(i, j int) bool { return bytes.Compare(r.at(i), r.at(j)) < 0 }

// Swap implements sort.Interface.
func (r run) Swap(i, j int) {
	var spare [maxSerial]byte
	n := copy(spare[:], r.at(i))
	copy(r.at(i), r.at(j))
	copy(r.at(j), spare[:n])
}

// compact drops doubles of a sorted run.
func (r run) compact() []byte {
	kept := 0
	for i := range r.Len() {
		if kept > 0 && bytes.Equal(r.at(kept-1), r.at(i)) {
			continue
		}
		copy(r.at(kept), r.at(i))
		kept++
	}
	return r.bytes[:kept*r.length]
}
