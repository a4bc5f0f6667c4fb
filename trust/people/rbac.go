package people

import "cmp"

// RBAC is what the National RBAC Database says of activities: which ones a job role has by the baseline policy, and which
// ones an activity includes. It is never written to after ReadRBAC. Nil knows of no baseline and of no inclusion.
type RBAC struct {
	names    map[string]string   // of activities, by code
	includes map[string][]string // activity to the activities that it includes itself; all of them have a name
	baseline map[string][]string // job role, such as R8001, to its activities; all of them have a name
}

// ActivitySource says why a role profile has an activity.
type ActivitySource string

// The sources, the nearest first: an activity that is there for several reasons is there for the first of them.
const (
	AssignedActivity ActivitySource = "assigned" // listed in the role profile
	BaselineActivity ActivitySource = "baseline" // of its job role, by the baseline policy
	IncludedActivity ActivitySource = "included" // in another activity
)

// EffectiveActivity is one activity that a role profile has, and why.
type EffectiveActivity struct {
	Coded
	Source ActivitySource
	Via    string // code of the activity that includes it; empty unless it is included
}

// Effective works out what a role profile may do: the activities assigned to it, those of its job role's baseline, and all
// that any of these include, directly or not. Each is there once, assigned ones first, in the order of the profile. A name
// that the profile leaves out is the database's.
func (b *RBAC) Effective(r RoleProfile) []EffectiveActivity {
	if b == nil {
		b = &RBAC{}
	}
	baseline := b.baseline[r.JobRole()]
	out := make([]EffectiveActivity, 0, 2*(len(r.Activities)+len(baseline)))
	seen := make(map[string]bool, cap(out))
	add := func(code, name string, source ActivitySource, via string) {
		if !seen[code] {
			seen[code] = true
			out = append(out, EffectiveActivity{Coded{code, cmp.Or(name, b.names[code])}, source, via})
		}
	}
	for _, a := range r.Activities {
		add(a.Code, a.Name, AssignedActivity, "")
	}
	for _, code := range baseline {
		add(code, "", BaselineActivity, "")
	}
	for i := 0; i < len(out); i++ { // grows as it goes; a circle ends because each is added once
		for _, code := range b.includes[out[i].Code] {
			add(code, "", IncludedActivity, out[i].Code)
		}
	}
	return out
}

// Size tells how many activities and how many job roles with a baseline it knows.
func (b *RBAC) Size() (activities, roles int) {
	if b == nil {
		return 0, 0
	}
	return len(b.names), len(b.baseline)
}
