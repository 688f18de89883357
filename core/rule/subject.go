package rule

import (
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"yizhan/core/id"
	"yizhan/core/member"
)

// typeName holds a space, so that no source can construct a member of its own.
const typeName = "a member"

var (
	subjectType = cel.ObjectType(typeName)
	stringList  = cel.ListType(cel.StringType)

	errNoBirth = errors.New("the date of birth is unknown")
)

// subject is the variable m: one person on one day, read field by field and only
// when the rule asks. It is its own activation, which saves a map per decision.
type subject struct {
	person member.Person
	tree   member.Tree
	today  time.Time
}

// field is one attribute that a rule may read.
type field struct {
	name string
	typ  *cel.Type
	get  func(*subject) (any, error)
}

// fields lists what a rule may read, in the order in which errors name it.
func fields() []field {
	return []field{
		{"sex", cel.StringType, func(s *subject) (any, error) { return types.String(s.person.Sex), nil }},
		{"age", cel.IntType, func(s *subject) (any, error) { return s.age() }},
		{"org", cel.StringType, func(s *subject) (any, error) { return types.String(s.person.Org), nil }},
		{"orgs", stringList, func(s *subject) (any, error) { return s.orgs(), nil }},
		{"lives_in", cel.StringType, func(s *subject) (any, error) { return types.String(s.person.LivesIn), nil }},
		{"tags", stringList, func(s *subject) (any, error) {
			return types.NewStringList(types.DefaultTypeAdapter, s.person.Tags), nil
		}},
		{"children", cel.IntType, func(s *subject) (any, error) { return types.Int(s.person.Children), nil }},
	}
}

// age counts full years on the calendar of today's location. Whoever was born on
// 29 February turns a year older on 1 March where there is no such day.
func (s *subject) age() (any, error) {
	birth, err := time.Parse(time.DateOnly, s.person.Birth)
	if err != nil {
		return nil, errNoBirth
	}
	year, month, day := s.today.Date()
	age := year - birth.Year()
	if month < birth.Month() || month == birth.Month() && day < birth.Day() {
		age--
	}
	if age < 0 {
		return nil, errNoBirth
	}
	return types.Int(age), nil
}

func (s *subject) orgs() ref.Val {
	chain := s.tree.Chain(s.person.Org)
	names := make([]string, len(chain))
	for i, o := range chain {
		names[i] = string(o)
	}
	return types.NewStringList(types.DefaultTypeAdapter, names)
}

// under is the function under(m, "ORG").
func under(who, org ref.Val) ref.Val {
	s, isSubject := who.(*subject)
	top, isName := org.(types.String)
	if !isSubject || !isName {
		return types.MaybeNoSuchOverloadErr(who)
	}
	return types.Bool(s.tree.Under(s.person.Org, id.Org(top)))
}

// ResolveName and Parent make the subject an activation that holds m alone.
func (s *subject) ResolveName(name string) (any, bool) { return s, name == "m" }

// Parent is nil: nothing stands outside m.
func (s *subject) Parent() cel.Activation { return nil }

// ConvertToNative is refused: a member never leaves a rule as a value.
func (s *subject) ConvertToNative(t reflect.Type) (any, error) {
	return nil, fmt.Errorf("a member is no %v", t)
}

// ConvertToType is refused likewise.
func (s *subject) ConvertToType(t ref.Type) ref.Val {
	return types.NewErr("a member is no %s", t.TypeName())
}

// Equal holds for m and itself; there is no second member in a rule.
func (s *subject) Equal(other ref.Val) ref.Val { return types.Bool(other == ref.Val(s)) }

// Type is the one struct type of the language.
func (s *subject) Type() ref.Type { return subjectType }

// Value is the subject itself.
func (s *subject) Value() any { return s }

// schema tells the checker which fields m has. It knows no other type, which
// keeps the generated types of protocol buffers out of the language.
type schema map[string]*types.FieldType

func newSchema() schema {
	known := schema{}
	for _, f := range fields() {
		known[f.name] = &types.FieldType{
			Type: f.typ,
			IsSet: func(m any) bool {
				v, err := f.get(m.(*subject))
				return err == nil && v != types.String("")
			},
			GetFrom: func(m any) (any, error) { return f.get(m.(*subject)) },
		}
	}
	return known
}

// FindStructFieldType gives one field of m.
func (s schema) FindStructFieldType(typ, name string) (*types.FieldType, bool) {
	f, ok := s[name]
	return f, ok && typ == typeName
}

// FindStructType knows m's type only.
func (s schema) FindStructType(typ string) (*types.Type, bool) {
	return types.NewTypeTypeWithParam(subjectType), typ == typeName
}

// FindStructFieldNames gives the fields of m in no order.
func (s schema) FindStructFieldNames(typ string) ([]string, bool) {
	names := make([]string, 0, len(s))
	for name := range s {
		names = append(names, name)
	}
	return names, typ == typeName
}

// EnumValue knows none.
func (s schema) EnumValue(name string) ref.Val { return types.NewErr("no enumeration %q", name) }

// FindIdent knows none.
func (s schema) FindIdent(string) (ref.Val, bool) { return nil, false }

// NewValue makes none.
func (s schema) NewValue(typ string, _ map[string]ref.Val) ref.Val {
	return types.NewErr("a rule cannot make %q", typ)
}
