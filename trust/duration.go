package trust

import (
	"fmt"
	"time"

	"go.yaml.in/yaml/v3"
)

// Duration is a time span written with its unit: 15m, 10h.
type Duration time.Duration

// UnmarshalYAML refuses a number without a unit.
func (d *Duration) UnmarshalYAML(n *yaml.Node) error {
	v, err := time.ParseDuration(n.Value)
	if err != nil || v < 0 {
		return fmt.Errorf("line %d: %q is not a time span with a unit, such as 15m", n.Line, n.Value)
	}
	*d = Duration(v)
	return nil
}

// MarshalYAML writes the shortest form: 15m, not 15m0s.
func (d Duration) MarshalYAML() (any, error) {
	v := time.Duration(d)
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}} {
		if v >= u.unit && v%u.unit == 0 {
			return fmt.Sprintf("%d%s", v/u.unit, u.name), nil
		}
	}
	return v.String(), nil
}
