// Package smart is the clinical scopes of SMART App Launch 2.2: read strictly, compared, and narrowed to what is permitted. It is pure,
// and knows no hub, partner or HTTP.
//
// A scope is a set of things that may be done. [Covered] asks whether scopes that are permitted hold all of it; [Narrow] is the part of
// it that they hold. What one scope says beyond another in its search parameters narrows it: parameters are a conjunction, as in a
// search. They are compared as text, so that nothing is taken for the same that a server might understand otherwise.
package smart
