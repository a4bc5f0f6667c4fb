package signin

import "slices"

// keyReach says which authenticators beside security keys the pages speak of. Browsers offer all; the words are for what people have here.
type keyReach struct {
	Phone    bool // by a code on the screen (hybrid transport)
	Computer bool // the one at hand (platform authenticator)
}

func (s *SignIn) reach() keyReach {
	return keyReach{Phone: slices.Contains(s.KeyHints, "hybrid"), Computer: slices.Contains(s.KeyHints, "client-device")}
}

// Device is what people use, as the buttons name it.
func (r keyReach) Device() string {
	switch {
	case r.Phone && r.Computer:
		return "security key, phone or computer"
	case r.Phone:
		return "security key or phone"
	case r.Computer:
		return "security key or computer"
	}
	return "security key"
}
