package adapter

import (
	"errors"
	"testing"
)

func TestSummarize(t *testing.T) {
	fail := errors.New("fail")
	for name, c := range map[string]struct {
		outcomes []outcome
		want     result
	}{
		"all ran":                 {[]outcome{ran, ran}, result{done: 2, published: 2}},
		"none ran":                {[]outcome{refused, refused}, result{err: fail}},
		"the rest did not":        {[]outcome{ran, refused, refused}, result{done: 1, published: 1, err: fail}},
		"no answer":               {[]outcome{unknown, unknown}, result{done: 2, unanswered: 2, err: fail}},
		"the end is unknown":      {[]outcome{ran, unknown}, result{done: 2, published: 1, unanswered: 1, err: fail}},
		"one before others":       {[]outcome{refused, ran}, result{done: 2, published: 1, refused: 1, err: fail}},
		"one before, one after":   {[]outcome{refused, ran, refused}, result{done: 2, published: 1, refused: 1, err: fail}},
		"refused before unknown":  {[]outcome{refused, unknown}, result{done: 2, unanswered: 1, refused: 1, err: fail}},
		"a single one, no answer": {[]outcome{unknown}, result{done: 1, unanswered: 1, err: fail}},
	} {
		if got := summarize(c.outcomes, fail); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	if got := summarize([]outcome{refused, ran}, nil); got.err == nil {
		t.Error("a refusal inside EXEC's answer is no error")
	}
}
