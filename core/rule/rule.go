// Package rule decides whether a person belongs to an audience. A rule is one
// expression of the Common Expression Language over the member m:
//
//	m.sex == "F" && (under(m, "FENGTAI") || m.lives_in == "FENGTAI")
//
// m.age is the number of full years on the day that the caller names. Where the
// date of birth is unknown a comparison with m.age is neither true nor false: the
// person matches only where another part of the rule already says yes, because a
// missing date must open neither a children's place nor a pensioner's.
// has(m.age) asks whether it is known.
package rule

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/checker"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/env"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/overloads"
	"github.com/google/cel-go/common/types"

	"yizhan/core/id"
	"yizhan/core/member"
)

const (
	// MaxSource is the longest source in bytes that Compile reads.
	MaxSource = 4096
	// MaxCost bounds one evaluation, in units of about one comparison each.
	MaxCost = 20_000

	maxTags   = 32 // tags of one person that the estimate reckons with
	maxOrgs   = 32 // levels of the union tree, as in member.Tree
	maxString = 64 // bytes of an id or tag, as in id.Check
	maxDepth  = 32 // nested brackets
)

// Rule is a compiled audience. It is safe for use by several goroutines. The zero
// Rule matches everybody.
type Rule struct {
	proven  cel.Program // for people within the sizes that the estimate reckons with
	metered cel.Program // for all others; counting costs three times as long
	dated   bool
	orgs    []id.Org
}

// Error is a mistake in a rule's source. Line and Column count from 1, Column in
// characters.
type Error struct {
	Line, Column int
	Message      string
}

func (e *Error) Error() string {
	return fmt.Sprintf("rule, line %d, column %d: %s", e.Line, e.Column, e.Message)
}

// Compile checks a source and makes it ready to match. An empty source matches
// everybody. A mistake is an *Error that names its place and what is allowed.
func Compile(src string) (*Rule, error) {
	if strings.TrimSpace(src) == "" {
		return &Rule{}, nil
	}
	if len(src) > MaxSource {
		return nil, &Error{1, 1, fmt.Sprintf("the rule has %d bytes, at most %d are allowed", len(src), MaxSource)}
	}
	language, err := newLanguage()
	if err != nil {
		return nil, fmt.Errorf("prepare rule language: %w", err)
	}
	checked, issues := language.Compile(src)
	if first := firstIssue(issues); first != nil {
		return nil, first
	}
	if checked.OutputType() != cel.BoolType {
		return nil, &Error{1, 1, fmt.Sprintf("the rule gives %s, but must give true or false", checked.OutputType())}
	}
	cost, err := language.EstimateCost(checked, sizes{})
	if err != nil {
		return nil, fmt.Errorf("estimate cost of rule: %w", err)
	}
	if cost.Max > MaxCost {
		return nil, &Error{1, 1, fmt.Sprintf("the rule may cost %d steps a person, at most %d are allowed; nest fewer lists", cost.Max, MaxCost)}
	}
	r := &Rule{}
	if r.proven, err = language.Program(checked, cel.EvalOptions(cel.OptOptimize)); err != nil {
		return nil, fmt.Errorf("plan rule: %w", err)
	}
	if r.metered, err = language.Program(checked, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(MaxCost)); err != nil {
		return nil, fmt.Errorf("plan metered rule: %w", err)
	}
	r.inspect(checked.NativeRep().Expr())
	return r, nil
}

// Match reports whether p belongs to the audience on the day of today in its
// location. An error means that the rule did not come to an answer, as when a
// person's attributes make it cost more than MaxCost.
func (r *Rule) Match(p member.Person, tree member.Tree, today time.Time) (bool, error) {
	if r.proven == nil {
		return true, nil
	}
	program := r.proven
	if !estimated(p.Tags) {
		program = r.metered
	}
	out, _, err := program.Eval(&subject{person: p, tree: tree, today: today})
	switch {
	case errors.Is(err, errNoBirth):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("match rule: %w", err)
	}
	return out == types.True, nil
}

// estimated reports whether the tags are no larger than the cost estimate took
// them to be; all else that a rule reads is bounded where it is made.
func estimated(tags []string) bool {
	for _, t := range tags {
		if len(t) > maxString {
			return false
		}
	}
	return len(tags) <= maxTags
}

// Dated reports whether the rule reads m.age, so that an answer kept from one day
// may be wrong on the next.
func (r *Rule) Dated() bool { return r.dated }

// Orgs lists the organisations that the rule names in under(m, …), in order of
// first appearance, for a check that each exists.
func (r *Rule) Orgs() []id.Org { return r.orgs }

// vocabulary lists what a rule may call. It holds nothing that fails on some
// people only (an index, a division, a conversion) and nothing whose time grows
// faster than its cost (a pattern).
func vocabulary() []string {
	return []string{
		operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot, operators.Conditional,
		operators.Equals, operators.NotEquals, operators.In,
		operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals,
		operators.Add, operators.Subtract, operators.Negate, operators.NotStrictlyFalse,
		overloads.Size, overloads.StartsWith, overloads.EndsWith, overloads.Contains,
	}
}

// newLanguage builds the environment anew for each rule: rules are compiled when
// an activity is published, and the package keeps no state.
func newLanguage() (*cel.Env, error) {
	library := env.NewLibrarySubset()
	for _, name := range vocabulary() {
		library.AddIncludedFunctions(env.NewFunction(name))
	}
	return cel.NewCustomEnv(
		cel.CustomTypeProvider(newSchema()),
		cel.StdLib(cel.StdLibSubset(library)),
		cel.HomogeneousAggregateLiterals(),
		cel.ParserRecursionLimit(maxDepth),
		cel.ParserExpressionSizeLimit(MaxSource),
		cel.Variable("m", subjectType),
		cel.Function("under", cel.Overload("under_member_string",
			[]*cel.Type{subjectType, cel.StringType}, cel.BoolType, cel.BinaryBinding(under))),
	)
}

// firstIssue gives the first mistake that the parser or the checker found; later
// ones are mostly its consequences.
func firstIssue(issues *cel.Issues) *Error {
	if issues.Err() == nil {
		return nil
	}
	e := issues.Errors()[0]
	var names []string
	for _, f := range fields() {
		names = append(names, "m."+f.name)
	}
	line, column := e.Location.Line(), e.Location.Column()+1
	if line < 1 { // the parser's own limits have no place
		line, column = 1, 1
	}
	return &Error{line, column,
		fmt.Sprintf("%s; a rule may read %s and ask under(m, \"ORG\")", e.Message, strings.Join(names, ", "))}
}

// inspect notes what callers ask about a rule without evaluating it.
func (r *Rule) inspect(root ast.Expr) {
	ast.PreOrderVisit(root, ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.SelectKind:
			r.dated = r.dated || e.AsSelect().FieldName() == "age"
		case ast.CallKind:
			if args := e.AsCall().Args(); e.AsCall().FunctionName() == "under" && len(args) == 2 && args[1].Kind() == ast.LiteralKind {
				r.orgs = append(r.orgs, id.Org(args[1].AsLiteral().Value().(string)))
			}
		}
	}))
}

// sizes tells the cost estimate how large a person's attributes are.
type sizes struct{}

// EstimateSize bounds lists and strings that come from m.
func (sizes) EstimateSize(e checker.AstNode) *checker.SizeEstimate {
	path := e.Path()
	switch {
	case len(path) == 2 && path[1] == "tags":
		return &checker.SizeEstimate{Max: maxTags}
	case len(path) == 2 && path[1] == "orgs":
		return &checker.SizeEstimate{Max: maxOrgs}
	case len(path) > 0 && path[0] == "m":
		return &checker.SizeEstimate{Max: maxString}
	}
	return nil
}

// EstimateCallCost leaves every call at the cost that the language gives it.
func (sizes) EstimateCallCost(string, string, *checker.AstNode, []checker.AstNode) *checker.CallEstimate {
	return nil
}
