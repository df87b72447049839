// Command interrupt shows that a context ends a call that waits: interrupt imaps://user@host
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"libimap.example/imap"
)

func main() {
	client, err := imap.Connect(os.Args[1])
	if err == nil {
		err = client.Examine("INBOX")
	}
	if err != nil {
		log.Fatal(err)
	}
	limited, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	begun := time.Now()
	err = client.Idle(limited)
	when := "late"
	if time.Since(begun) < 5*time.Second {
		when = "at once"
	}
	fmt.Println("context:", when, errors.Is(err, context.DeadlineExceeded))
	// One that ends early stops only its own call.
	other, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- client.Idle(other) }()
	time.Sleep(300 * time.Millisecond)
	if err := client.Noop(); err != nil {
		log.Fatal(err)
	}
	stop()
	fmt.Println("cancelled:", errors.Is(<-done, context.Canceled))
	if err := client.Close(); err != nil {
		log.Fatal(err)
	}
	fmt.Println("still connected")
}
