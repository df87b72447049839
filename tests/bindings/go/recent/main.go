// Command recent tells who wrote the recent messages, and about what: recent imaps://user@host
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
	var uids string
	if err == nil {
		uids, err = client.Search("RECENT")
	}
	var messages []imap.Message
	if err == nil {
		messages, err = client.Fetch(uids)
	}
	if err == nil {
		err = client.Close()
	}
	if err != nil {
		log.Fatal(err)
	}
	for _, message := range messages {
		fmt.Printf("%s: \t%s\n", message.From, message.Subject)
	}
}
