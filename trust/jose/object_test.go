package jose

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestObjectsAreStrict lists JSON that readers disagree about; want "" is read.
func TestObjectsAreStrict(t *testing.T) {
	many := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"m%d":%d`, i, i)
		}
		return "{" + b.String()[1:] + "}"
	}
	for in, want := range map[string]string{
		`{}`:                                    "",
		" {\t\"a\" :\n[ 1 , -2.5e3 ,\r{ } ] } ": "",
		`{"a":1,"A":2}`:                         "",
		`{"a":{"a":{"a":null}}}`:                "",
		`{"a":"\"}{","b":"\\"}`:                 "",
		`{"a":true,"a":true}`:                   "twice",
		`{"a":1,"\u0061":1}`:                    "twice",
		`{"a":{"b":1,"b":1}}`:                   "twice",
		`{"a":[[{"b":1,"b":1}]]}`:               "twice",
		`{"":1,"":1}`:                           "twice",
		`{"\ud800":1,"\udbff":1}`:               "twice", // both are read as the replacement character
		"{\"a\":\"\xff\"}":                      "UTF-8",
		"\xef\xbb\xbf{}":                        "not a JSON object",
		`{"a":1,}`:                              "not a JSON object",
		`{"a":01}`:                              "not a JSON object",
		`{'a':1}`:                               "not a JSON object",
		`{"a":NaN}`:                             "not a JSON object",
		`{/**/}`:                                "not a JSON object",
		`{"a":1`:                                "not a JSON object",
		`[{}]`:                                  "not a JSON object",
		`null`:                                  "not a JSON object",
		``:                                      "not a JSON object",
		" ":                                     "not a JSON object",
		`{}{}`:                                  "follows",
		`{} x`:                                  "follows",
		"{}\x00":                                "follows",
		many(maxMembers):                        "",
		many(maxMembers + 1):                    "too many",
		`{"a":` + many(maxMembers+1) + `}`:      "too many",
		`{"a":` + strings.Repeat("[", maxDepth-1) + strings.Repeat("]", maxDepth-1) + `}`: "",
		`{"a":` + strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth) + `}`:     "too deep",
		strings.Repeat(`{"a":`, maxDepth) + "1" + strings.Repeat("}", maxDepth):           "",
		strings.Repeat(`{"a":`, maxDepth+1) + "1" + strings.Repeat("}", maxDepth+1):       "too deep",
	} {
		_, err := readObject([]byte(in))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%.60q: %v, want %q", in, err, want)
		}
	}
}

func TestClaimsByType(t *testing.T) {
	c, err := ReadClaims([]byte(`{"s":"a\n\"b","e":"","l":["a","b"],"x":[],"m":["a",1],"n":17.25,"w":9007199254740992,"b":9007199254740993,"i":-3,"z":0,"big":1e12,"huge":1e999,"t":true,"f":false,"o":{"k":"v"},"u":null,"q":"17"}`))
	must(t, err)
	str := func(name string) any { v, err := c.Text(name); return orError(v, err) }
	list := func(name string) any { v, err := c.Texts(name); return orError(v, err) }
	sec := func(name string) any { v, err := c.Seconds(name); return orError(v, err) }
	whole := func(name string) any { v, err := c.Whole(name); return orError(v, err) }
	boolean := func(name string) any { v, err := c.Bool(name); return orError(v, err) }
	for what, cases := range map[string]struct {
		get  func(string) any
		want map[string]any
	}{
		"text":    {str, map[string]any{"s": "a\n\"b", "e": "", "n": "n is not a string", "u": "u is not a string", "l": "l is not a string", "none": "none is missing"}},
		"texts":   {list, map[string]any{"s": []string{"a\n\"b"}, "l": []string{"a", "b"}, "x": []string{}, "m": "m is not a string or an array of strings", "u": "u is not a string or an array of strings", "o": "o is not a string or an array of strings", "none": "none is missing"}},
		"seconds": {sec, map[string]any{"n": 17.25, "i": -3.0, "z": 0.0, "big": "big is not a time in seconds", "huge": "huge is not a time in seconds", "q": "q is not a time in seconds", "u": "u is not a time in seconds", "none": "none is missing"}},
		"whole":   {whole, map[string]any{"i": int64(-3), "w": int64(1 << 53), "n": "n is not a whole number", "huge": "huge is not a whole number", "q": "q is not a whole number", "t": "t is not a whole number"}},
		"bool":    {boolean, map[string]any{"t": true, "f": false, "q": "q is not true or false", "u": "u is not true or false", "z": "z is not true or false", "none": "none is missing"}},
	} {
		for name, want := range cases.want {
			if got := cases.get(name); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s %s: %v, want %v", what, name, got, want)
			}
		}
	}
	inner, err := c.Object("o")
	must(t, err)
	if v, err := inner.Text("k"); v != "v" || err != nil || !c.Has("u") || c.Has("none") {
		t.Errorf("%q, %v", v, err)
	}
	for _, name := range []string{"s", "u", "none", "l"} {
		if _, err := c.Object(name); !errors.Is(err, ErrClaim) || errors.Is(err, ErrMissing) != (name == "none") {
			t.Errorf("object %s: %v", name, err)
		}
	}
	all := maps.Collect(c.All())
	if len(all) != len(c.members) || string(all["l"]) != `["a","b"]` {
		t.Errorf("%v", slices.Collect(maps.Keys(all)))
	}
	for range c.All() {
		break
	}
}

func orError(v any, err error) any {
	if err != nil {
		return err.Error()
	}
	return v
}
