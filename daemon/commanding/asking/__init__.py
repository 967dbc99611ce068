"""What our team has asked of others: REQUEST, ADOPT, and what becomes of an inquiry."""
