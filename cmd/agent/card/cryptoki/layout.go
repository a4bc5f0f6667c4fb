package cryptoki

import "encoding/binary"

// layout says where the fields lie that are read or written here, in bytes from the beginning of their structure. Pointers have
// 8 bytes everywhere; numbers (CK_ULONG) are a C compiler's unsigned long.
type layout struct {
	ulong     int                               // bytes of a CK_ULONG
	functions int                               // the first pointer of a CK_FUNCTION_LIST, after its version
	initArgs  struct{ flags, size int }         // CK_C_INITIALIZE_ARGS
	slotInfo  struct{ flags, size int }         // CK_SLOT_INFO, which begins with slotDescription
	tokenInfo struct{ serial, flags, size int } // CK_TOKEN_INFO, which begins with label
	attribute struct{ value, length, size int } // CK_ATTRIBUTE, which begins with its type
	mechanism struct{ size int }                // CK_MECHANISM, which begins with its number; no parameter is ever given
}

// unix is the layout of Linux and macOS: LP64, fields aligned to their size.
func unix() layout {
	var at layout
	at.ulong, at.functions = 8, 8
	at.initArgs.flags, at.initArgs.size = 32, 48
	at.slotInfo.flags, at.slotInfo.size = 96, 112
	at.tokenInfo.serial, at.tokenInfo.flags, at.tokenInfo.size = 80, 96, 208
	at.attribute.value, at.attribute.length, at.attribute.size = 8, 16, 24
	at.mechanism.size = 24
	return at
}

// windows is the layout of Windows: LLP64, and the standard wants its structures packed to one byte there (PKCS#11 2.40 base
// specification, 2.1).
func windows() layout {
	var at layout
	at.ulong, at.functions = 4, 2
	at.initArgs.flags, at.initArgs.size = 32, 44
	at.slotInfo.flags, at.slotInfo.size = 96, 104
	at.tokenInfo.serial, at.tokenInfo.flags, at.tokenInfo.size = 80, 96, 160
	at.attribute.value, at.attribute.length, at.attribute.size = 4, 12, 16
	at.mechanism.size = 16
	return at
}

// Lengths of texts, without a terminator and padded with blanks.
const (
	descriptionLength = 64
	labelLength       = 32
	serialLength      = 16
)

// put writes a number where b begins.
func (at layout) put(b []byte, number uint64) {
	if at.ulong == 4 {
		binary.NativeEndian.PutUint32(b, uint32(number))
		return
	}
	binary.NativeEndian.PutUint64(b, number)
}

// number reads what is where b begins.
func (at layout) number(b []byte) uint64 {
	if at.ulong == 4 {
		return uint64(binary.NativeEndian.Uint32(b))
	}
	return binary.NativeEndian.Uint64(b)
}

// fresh is a number in memory of its own.
func (at layout) fresh(number uint64) []byte {
	b := make([]byte, at.ulong)
	at.put(b, number)
	return b
}

// code is what of a processor's register is the return value.
func (at layout) code(register uintptr) Code {
	if at.ulong == 4 {
		return Code(uint32(register))
	}
	return Code(register)
}

func putPointer(b []byte, address uintptr) { binary.NativeEndian.PutUint64(b, uint64(address)) }
