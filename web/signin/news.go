package signin

import (
	"context"
	"time"
)

// newsLife is how long a person is told of a card or key that was registered to them: long enough to come back from days off.
const newsLife = 7 * 24 * time.Hour

// news is a card or key that was registered to a person lately, so that they notice what was not theirs (OWASP ASVS 5, 6.3.7).
type news struct {
	Device, Label, On string
}

// news lists them. What cannot be read is left out: the page has more to say.
func (s *SignIn) news(ctx context.Context, uid string) []news {
	if s.Authenticators == nil {
		return nil
	}
	all, err := s.Authenticators.AuthenticatorsOf(ctx, uid)
	if err != nil {
		return nil
	}
	var out []news
	now := s.Hub.Clock()
	for _, a := range all {
		if !a.UsableAt(now) || now.Sub(a.Added) > newsLife {
			continue
		}
		out = append(out, news{deviceOf(a), a.Label, a.Added.Format("2 January")})
	}
	return out
}
