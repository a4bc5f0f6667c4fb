package web

import "net/http"

// Class is what a route is to somebody who waits, when there is too much to do.
type Class int

// The classes. A route without one is the last in line and tolled.
const (
	SignOn  Class = iota // a new sign-on: last in line; a peer without session pays for it
	Step                 // a step of a sign-in in progress: first in line, so that nobody half-way is thrown out
	Machine              // a call of a partner's system, mostly for a sign-in in progress: first in line
	SignOut              // first in line, and apart: it may wait for partners, and must not keep others out
	Cheap                // static or cached: never waits, never turned away
)

// classOf is the route's class, but the sign-in page begins a sign-on when it names no transaction.
func (route Route) classOf(r *http.Request) Class {
	if route.Path == SignInPath && !r.URL.Query().Has("tx") {
		return SignOn
	}
	return route.Class
}
