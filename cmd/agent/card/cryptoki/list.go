package cryptoki

import (
	"encoding/binary"
	"fmt"
)

// function is a function's place in CK_FUNCTION_LIST.
type function int

const (
	initialize        function = 0
	finalize          function = 1
	getSlotList       function = 4
	getSlotInfo       function = 5
	getTokenInfo      function = 6
	openSession       function = 12
	closeSession      function = 13
	login             function = 18
	logout            function = 19
	getAttributeValue function = 24
	findObjectsInit   function = 26
	findObjects       function = 27
	findObjectsFinal  function = 28
	signInit          function = 42
	sign              function = 43
	waitForSlotEvent  function = 67
)

// listed is how many functions the lists of 2.01 and later have, and those of 3.x begin with.
const listed = 68

// needed are the functions that a module must have. It may do without the last one.
var needed = []struct {
	function function
	name     string
}{
	{initialize, "C_Initialize"}, {finalize, "C_Finalize"},
	{getSlotList, "C_GetSlotList"}, {getSlotInfo, "C_GetSlotInfo"}, {getTokenInfo, "C_GetTokenInfo"},
	{openSession, "C_OpenSession"}, {closeSession, "C_CloseSession"}, {login, "C_Login"}, {logout, "C_Logout"},
	{findObjectsInit, "C_FindObjectsInit"}, {findObjects, "C_FindObjects"}, {findObjectsFinal, "C_FindObjectsFinal"},
	{getAttributeValue, "C_GetAttributeValue"}, {signInit, "C_SignInit"}, {sign, "C_Sign"},
	{waitForSlotEvent, "C_WaitForSlotEvent"},
}

func (f function) String() string {
	for _, n := range needed {
		if n.function == f {
			return n.name
		}
	}
	return "C_GetFunctionList"
}

// addresses of a module's functions, by their place; 0 where there is none.
type addresses [listed]uintptr

// list reads the CK_FUNCTION_LIST at an address: a version of two bytes, then pointers.
func (at layout) list(address uintptr) (addresses, error) {
	if address == 0 {
		return addresses{}, fmt.Errorf("%w: there is none", ErrList)
	}
	version := foreign(address, 2)
	if version[0] != 2 && version[0] != 3 {
		return addresses{}, fmt.Errorf("%w: it is of version %d.%d", ErrList, version[0], version[1])
	}
	have := listed
	if version[0] == 2 && version[1] == 0 {
		have-- // C_WaitForSlotEvent came with 2.01
	}
	var out addresses
	list := foreign(address, at.functions+have*8)
	for i := range have {
		out[i] = uintptr(binary.NativeEndian.Uint64(list[at.functions+i*8:]))
	}
	for _, n := range needed {
		if out[n.function] == 0 && n.function != waitForSlotEvent {
			return addresses{}, fmt.Errorf("%w: it has no %s", ErrList, n.name)
		}
	}
	return out, nil
}
