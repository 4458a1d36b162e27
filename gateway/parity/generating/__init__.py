"""Cases read off the code of both apps, and cases made from other cases."""
