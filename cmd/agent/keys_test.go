package agent

import "reflect"

// configKeys are the keys of the file, from the struct.
func configKeys() []string {
	var out []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		if f.Type.Kind() != reflect.Struct {
			out = append(out, f.Tag.Get("yaml"))
			continue
		}
		for _, g := range reflect.VisibleFields(f.Type) {
			out = append(out, f.Tag.Get("yaml")+"."+g.Tag.Get("yaml"))
		}
	}
	return out
}
