package sqlstore

import "encoding/binary"

// walState is the header of SQLite's WAL index (https://www.sqlite.org/walformat.html, "WAL-index header"), the
// first 48 bytes of the -shm file. Every commit of any process writes it, and it holds a counter of commits and a
// checksum over all frames: as long as it is the same, so is what the database says.
type walState [48]byte

// commits counts the transactions that wrote, modulo 2^32.
func (s walState) commits() uint32 { return binary.NativeEndian.Uint32(s[8:]) }

// zero reports that nothing was read.
func (s walState) zero() bool { return s == walState{} }
