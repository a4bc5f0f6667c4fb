package cryptoki

import (
	"reflect"
	"testing"
)

// field of a structure as the standard's header declares it.
type field struct {
	name string
	kind string // ulong, pointer, or bytes
	size int    // of bytes
}

// headers are the structures, from the standard's text alone. CK_VERSION is two bytes.
func headers() map[string][]field {
	version := func(name string) field { return field{name, "bytes", 2} }
	number := func(name string) field { return field{name, "ulong", 0} }
	pointer := func(name string) field { return field{name, "pointer", 0} }
	functions := []field{version("version")}
	for range listed {
		functions = append(functions, pointer("functions"))
	}
	return map[string][]field{
		"CK_FUNCTION_LIST": functions,
		"CK_C_INITIALIZE_ARGS": {pointer("CreateMutex"), pointer("DestroyMutex"), pointer("LockMutex"), pointer("UnlockMutex"),
			number("flags"), pointer("pReserved")},
		"CK_SLOT_INFO": {{"slotDescription", "bytes", 64}, {"manufacturerID", "bytes", 32}, number("flags"),
			version("hardwareVersion"), version("firmwareVersion")},
		"CK_TOKEN_INFO": {{"label", "bytes", 32}, {"manufacturerID", "bytes", 32}, {"model", "bytes", 16}, {"serialNumber", "bytes", 16},
			number("flags"), number("ulMaxSessionCount"), number("ulSessionCount"), number("ulMaxRwSessionCount"), number("ulRwSessionCount"),
			number("ulMaxPinLen"), number("ulMinPinLen"), number("ulTotalPublicMemory"), number("ulFreePublicMemory"),
			number("ulTotalPrivateMemory"), number("ulFreePrivateMemory"), version("hardwareVersion"), version("firmwareVersion"), {"utcTime", "bytes", 16}},
		"CK_ATTRIBUTE": {number("type"), pointer("pValue"), number("ulValueLen")},
		"CK_MECHANISM": {number("mechanism"), pointer("pParameter"), number("ulParameterLen")},
	}
}

// place lays a structure out by a compiler's rules and returns where its fields begin, the first of each name, and under "" its size.
func place(fields []field, ulong int, packed bool) map[string]int {
	out, at, widest := map[string]int{}, 0, 1
	for _, f := range fields {
		size := map[string]int{"ulong": ulong, "pointer": 8, "bytes": f.size}[f.kind]
		align := size
		if packed || f.kind == "bytes" {
			align = 1
		}
		at = (at + align - 1) / align * align
		if _, ok := out[f.name]; !ok {
			out[f.name] = at
		}
		at, widest = at+size, max(widest, align)
	}
	out[""] = (at + widest - 1) / widest * widest
	return out
}

// TestLayouts compares the tables with what a compiler's rules make of the standard's declarations, and with a compiler's own figures.
func TestLayouts(t *testing.T) {
	for name, c := range map[string]struct {
		table  layout
		ulong  int
		packed bool
		golden map[string]int // sizeof, as gcc prints them for the standard's header
	}{
		"Linux and macOS": {unix(), 8, false, map[string]int{"CK_FUNCTION_LIST": 552, "CK_C_INITIALIZE_ARGS": 48, "CK_SLOT_INFO": 112, "CK_TOKEN_INFO": 208, "CK_ATTRIBUTE": 24, "CK_MECHANISM": 24}},
		"Windows":         {windows(), 4, true, map[string]int{"CK_FUNCTION_LIST": 546, "CK_C_INITIALIZE_ARGS": 44, "CK_SLOT_INFO": 104, "CK_TOKEN_INFO": 160, "CK_ATTRIBUTE": 16, "CK_MECHANISM": 16}},
	} {
		t.Run(name, func(t *testing.T) {
			of, sizes := map[string]map[string]int{}, map[string]int{}
			for structure, fields := range headers() {
				of[structure] = place(fields, c.ulong, c.packed)
				sizes[structure] = of[structure][""]
			}
			if !reflect.DeepEqual(sizes, c.golden) {
				t.Errorf("sizes by the rules %v, by a compiler %v", sizes, c.golden)
			}
			var want layout
			want.ulong, want.functions = c.ulong, of["CK_FUNCTION_LIST"]["functions"]
			want.initArgs.flags, want.initArgs.size = of["CK_C_INITIALIZE_ARGS"]["flags"], sizes["CK_C_INITIALIZE_ARGS"]
			want.slotInfo.flags, want.slotInfo.size = of["CK_SLOT_INFO"]["flags"], sizes["CK_SLOT_INFO"]
			want.tokenInfo.serial, want.tokenInfo.flags, want.tokenInfo.size = of["CK_TOKEN_INFO"]["serialNumber"], of["CK_TOKEN_INFO"]["flags"], sizes["CK_TOKEN_INFO"]
			want.attribute.value, want.attribute.length, want.attribute.size = of["CK_ATTRIBUTE"]["pValue"], of["CK_ATTRIBUTE"]["ulValueLen"], sizes["CK_ATTRIBUTE"]
			want.mechanism.size = sizes["CK_MECHANISM"]
			if c.table != want {
				t.Errorf("the table says %+v, the rules %+v", c.table, want)
			}
		})
	}
}
