package config

import (
	"strings"
	"testing"
)

func TestCheckReason(t *testing.T) {
	for text, good := range map[string]bool{
		"life=A patient's life is in danger": true, "n_1=Gefahr für Leib und Leben": true, "life=" + strings.Repeat("ä", 120): true,
		"life=" + strings.Repeat("ä", 121): false, "life=": false, "life": false, "Life=x": false, "=x": false, "life=a=b": false, "life=a\nb": false,
		"life=a\u202eb": false, strings.Repeat("l", 33) + "=x": false,
	} {
		if err := checkReason(text); (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
	}
}
