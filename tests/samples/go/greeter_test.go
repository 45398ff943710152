package greeter

import "testing"

func TestGreetsByName(t *testing.T) {
	if got := Greet("Ada"); got != "Hello, Ada" {
		t.Errorf("Greet said %q", got)
	}
}

func TestGreetsAStranger(t *testing.T) {
	if got := Greet(""); got != "Hello, whoever you are" {
		t.Errorf("Greet said %q", got)
	}
}
