package trust

import (
	"fmt"
	"reflect"
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/ext"
)

// Clause is one compiled CEL expression. It is evaluated by bridge/translate.
type Clause struct {
	Source   string
	Program  cel.Program
	RBAC     bool // it speaks of effective activities
	Place    bool // it speaks of the place of a session
	Metadata bool // it speaks of entity attributes of the partner
}

// Rule releases one attribute.
type Rule struct {
	ID       string // printed by explain, e.g. "release[2]" or "set cis2"
	Name     string // attribute or claim name as the partner sees it
	Friendly string
	Format   string // NameFormat in SAML: uri, basic or unspecified; empty: by the name
	Value    *Clause
	When     *Clause // nil: always
}

// RoleView is a role profile as CEL sees it. Field names are those of the `cel` tags.
type RoleView struct {
	ID             string   `cel:"id"`         // role profile id
	PersonOrg      string   `cel:"person_org"` // person_orgid
	Org            string   `cel:"org"`        // ODS code
	OrgName        string   `cel:"org_name"`
	Code           string   `cel:"code"`      // job role, R8001
	FullCode       string   `cel:"full_code"` // S8000:G8000:R8001
	Name           string   `cel:"name"`      // Nurse Access Role
	FullName       string   `cel:"full_name"` // "Clinical":"Clinical Provision":"Nurse Access Role"
	Activities     []string `cel:"activities"`
	ActivityNames  []string `cel:"activity_names"`
	Workgroups     []string `cel:"workgroups"`
	WorkgroupNames []string `cel:"workgroup_names"`
	Areas          []string `cel:"areas_of_work"`
	AreaNames      []string `cel:"area_of_work_names"`
	// By the RBAC document; nothing is in them where the terms do not speak of them.
	EffectiveCodes []string      `cel:"effective_activities"`
	Effective      EffectiveView `cel:"effective"`
}

// OrgView is an association with an organisation as CEL sees it.
type OrgView struct {
	PersonOrg string `cel:"person_org"`
	Code      string `cel:"code"`
	Name      string `cel:"name"`
}

// PersonView is a person as CEL sees them.
type PersonView struct {
	UID          string            `cel:"uid"`
	Name         string            `cel:"name"`
	Title        string            `cel:"title"`
	GivenName    string            `cel:"given_name"`
	MiddleNames  string            `cel:"middle_names"`
	Initials     string            `cel:"initials"`
	FamilyName   string            `cel:"family_name"`
	Email        string            `cel:"email"`
	Identity     int               `cel:"identity"`
	Professional map[string]string `cel:"professional"`
	Orgs         []OrgView         `cel:"orgs"`
}

// SessionView is the session as CEL sees it.
type SessionView struct {
	Assurance   int       `cel:"assurance"`
	Method      string    `cel:"method"`
	Emergency   bool      `cel:"emergency"`   // what is decided is told under emergency access
	Standing    string    `cel:"standing"`    // of the credential of the last proof: fresh, stale, unknown, off; empty: it has no issuer to revoke it
	Workstation string    `cel:"workstation"` // id; empty: at none that is known
	Place       PlaceView `cel:"place"`
}

// SubjectView holds the subject's identifiers for the partner at hand.
type SubjectView struct {
	Pairwise       string `cel:"pairwise"`
	Scoped         string `cel:"scoped"`          // uid@scope
	PairwiseScoped string `cel:"pairwise_scoped"` // pairwise@scope
	Scope          string `cel:"scope"`           // domain of the hub
}

// Compiler type-checks the expressions of documents.
type Compiler struct {
	env     *cel.Env
	partner PartnerView // whose terms are compiled
}

// NewCompiler prepares the expression environment: person, role, roles, session, subject, partner and AAL1 to AAL3.
func NewCompiler() (Compiler, error) {
	env, err := cel.NewEnv(
		ext.NativeTypes(reflect.TypeFor[RoleView](), reflect.TypeFor[PersonView](), reflect.TypeFor[SessionView](),
			reflect.TypeFor[SubjectView](), reflect.TypeFor[OrgView](), reflect.TypeFor[PlaceView](), reflect.TypeFor[PartnerView](),
			reflect.TypeFor[EffectiveView](), reflect.TypeFor[ActivityView](), ext.ParseStructTags(true)),
		ext.Strings(),
		cel.Variable("person", cel.ObjectType("trust.PersonView")),
		cel.Variable("role", cel.ObjectType("trust.RoleView")),
		cel.Variable("roles", cel.ListType(cel.ObjectType("trust.RoleView"))),
		cel.Variable("session", cel.ObjectType("trust.SessionView")),
		cel.Variable("subject", cel.ObjectType("trust.SubjectView")),
		cel.Variable("partner", cel.ObjectType("trust.PartnerView")),
		cel.Constant("AAL1", cel.IntType, types.Int(1)),
		cel.Constant("AAL2", cel.IntType, types.Int(2)),
		cel.Constant("AAL3", cel.IntType, types.Int(3)),
	)
	if err != nil {
		return Compiler{}, fmt.Errorf("trust: expression environment: %w", err)
	}
	return Compiler{env: env, partner: partnerView(Partner{})}, nil
}

// Condition compiles an expression that must be boolean.
func (c Compiler) Condition(source string) (*Clause, error) {
	return c.compile(source, func(t *cel.Type) error {
		if t.IsExactType(cel.BoolType) {
			return nil
		}
		return fmt.Errorf("%w: condition %q is of type %s, not bool", ErrInvalid, source, t)
	})
}

// Value compiles an expression that yields an attribute's value or values.
func (c Compiler) Value(source string) (*Clause, error) {
	return c.compile(source, func(*cel.Type) error { return nil })
}

// costLimit bounds one evaluation; a rule over a person's few roles needs a few hundred.
const costLimit = 100_000

func (c Compiler) compile(source string, check func(*cel.Type) error) (*Clause, error) {
	if len(source) > 4096 {
		return nil, fmt.Errorf("%w: expression is longer than 4096 bytes", ErrInvalid)
	}
	checked, issues := c.env.Compile(source)
	if issues != nil && issues.Err() != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, issues.Err())
	}
	if err := check(checked.OutputType()); err != nil {
		return nil, err
	}
	expr := checked.NativeRep().Expr()
	options := append([]cel.ProgramOption{cel.CostLimit(costLimit), cel.EvalOptions(cel.OptOptimize)}, c.known(expr)...)
	program, err := c.env.Program(checked, options...)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return &Clause{Source: source, Program: program, RBAC: needsRBAC(expr), Place: needsPlace(expr), Metadata: goesByMetadata(expr)}, nil
}

// speaksOf reports whether an expression speaks of a field of one of these names.
func speaksOf(e ast.Expr, names ...string) bool {
	found := false
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		found = found || e.Kind() == ast.SelectKind && slices.Contains(names, e.AsSelect().FieldName())
	}))
	return found
}

// have reports whether something holds of a clause of the terms, those of emergency access included. It is asked of nil too.
func (t Terms) have(of func(*Clause) bool) bool {
	rule := func(r Rule) bool { return r.has(of) }
	return of(t.When) || slices.ContainsFunc(t.Release, rule) || t.Emergency != nil && slices.ContainsFunc(t.Emergency.Release, rule)
}

func (r Rule) has(of func(*Clause) bool) bool { return of(r.When) || of(r.Value) }
