// Command inbox prints the mail of an inbox: inbox imaps://user@host
package main

import (
	"fmt"
	"log"
	"os"

	"libimap.example/imap"
)

func main() {
	client, err := imap.Connect(os.Args[1])
	if err == nil {
		err = client.Examine("INBOX")
	}
	var messages []imap.Message
	if err == nil {
		messages, err = client.Fetch("1:*")
	}
	if err == nil {
		err = client.Close()
	}
	if err != nil {
		log.Fatal(err)
	}
	for _, message := range messages {
		mark := "new"
		if message.Seen {
			mark = ""
		}
		fmt.Printf("%d\t%s\t%d\t%s\t%s\n", message.UID, mark, message.Size, message.From, message.Subject)
	}
}
